with loyalty as (
    select
        ruled.customer_key,
        rules.class_code,
        rules.subclass_code
    from {{ ref('int_customer_loyalty_rules') }} as ruled
    inner join {{ ref('classification_rules') }} as rules on ruled.rule_id = rules.rule_id
),

attitudes as (
    select
        ruled.customer_key,
        rules.class_code
    from {{ ref('int_customer_dick_basu_rules') }} as ruled
    inner join {{ ref('classification_rules') }} as rules on ruled.rule_id = rules.rule_id
),

stages as (
    select
        ruled.customer_key,
        rules.class_code
    from {{ ref('int_customer_lifecycle_rules') }} as ruled
    inner join {{ ref('classification_rules') }} as rules on ruled.rule_id = rules.rule_id
),

winback as (
    select
        activity.customer_key,
        ruled.class_code
    from {{ ref('int_customer_activity') }} as activity
    left join {{ ref('int_winback_rules') }} as ruled
        on activity.customer_key = ruled.customer_key
),

managed as (
    select
        ruled.customer_key,
        rules.class_code
    from {{ ref('int_customer_grade_rules') }} as ruled
    inner join {{ ref('classification_rules') }} as rules on ruled.rule_id = rules.rule_id
),

profitable as (
    select
        ruled.customer_key,
        rules.class_code
    from {{ ref('int_profit_loyalty_rules') }} as ruled
    inner join {{ ref('classification_rules') }} as rules on ruled.rule_id = rules.rule_id
),

-- From the rules, never from the marts: those read the history that begins here.
stacked as (
    select
        customer_key,
        'stage' as domain,
        class_code as code
    from stages
    union all
    select
        customer_key,
        'activity_status' as domain,
        activity_status as code
    from {{ ref('int_customer_activity') }}
    union all
    select
        customer_key,
        'satisfaction_loyalty_class' as domain,
        class_code as code
    from loyalty
    union all
    select
        customer_key,
        'satisfaction_loyalty_subclass' as domain,
        subclass_code as code
    from loyalty
    union all
    select
        customer_key,
        'dick_basu_class' as domain,
        class_code as code
    from attitudes
    union all
    select
        customer_key,
        'behavioural_segment' as domain,
        behavioural_segment as code
    from {{ ref('int_customer_behavioural_segments') }}
    union all
    select
        customer_key,
        'winback_status' as domain,
        class_code as code
    from winback
    union all
    select
        customer_key,
        'rfm_group' as domain,
        native_group as code
    from {{ ref('int_customer_rfm_grouped') }}
    where business_unit = 'all'
    union all
    select
        customer_key,
        'management_class' as domain,
        class_code as code
    from managed
    union all
    select
        customer_key,
        'profit_loyalty_class' as domain,
        class_code as code
    from profitable
    union all
    select
        customer_key,
        'pareto_class' as domain,
        pareto_class as code
    from {{ ref('customers') }}
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
