{#- Where the code of each kind of class comes from: a rule that fired, or a column. Never a mart of
    classes: those read the history that begins here. -#}
{%- set by_rule = {
    'stage': ('int_customer_lifecycle_rules', 'class_code'),
    'satisfaction_loyalty_class': ('int_customer_loyalty_rules', 'class_code'),
    'satisfaction_loyalty_subclass': ('int_customer_loyalty_rules', 'subclass_code'),
    'dick_basu_class': ('int_customer_dick_basu_rules', 'class_code'),
    'management_class': ('int_customer_grade_rules', 'class_code'),
    'profit_loyalty_class': ('int_profit_loyalty_rules', 'class_code'),
} -%}
{%- set by_column = {
    'activity_status': ('int_customer_activity', 'activity_status'),
    'behavioural_segment': ('int_customer_behavioural_segments', 'behavioural_segment'),
    'pareto_class': ('customers', 'pareto_class'),
} -%}

with stacked as (
    {%- for domain, (model, column) in by_rule.items() %}
    select
        ruled.customer_key,
        '{{ domain }}' as domain,
        rules.{{ column }} as code
    from {{ ref(model) }} as ruled
    inner join {{ ref('classification_rules') }} as rules on ruled.rule_id = rules.rule_id
    union all
    {%- endfor %}
    {%- for domain, (model, column) in by_column.items() %}
    select
        customer_key,
        '{{ domain }}' as domain,
        {{ column }} as code
    from {{ ref(model) }}
    union all
    {%- endfor %}
    select
        customer_key,
        'rfm_group' as domain,
        native_group as code
    from {{ ref('int_customer_rfm_grouped') }}
    where business_unit = 'all'
    union all
    select
        activity.customer_key,
        'winback_status' as domain,
        ruled.class_code as code
    from {{ ref('int_customer_activity') }} as activity
    left join {{ ref('int_winback_rules') }} as ruled
        on activity.customer_key = ruled.customer_key
),

-- A customer without a class stands in the domain, too: only who is gone has no code.
filled as (
    select
        customer_key,
        domain,
        coalesce(code, 'none') as code
    from stacked
)

select * from filled
