-- Every code a rule can give, and every reason a customer can have left for, has its two labels.
with codes as (
    select distinct
        case rule_set
            when 'satisfaction_loyalty' then 'satisfaction_loyalty_class'
            when 'dick_basu' then 'dick_basu_class'
            when 'lifecycle' then 'stage'
            when 'lifetime_value' then 'forecast_status'
            when 'contract_renewal' then 'renewal_status'
            when 'rfm' then 'rfm_status'
            when 'management' then 'management_class'
            when 'profit_loyalty' then 'profit_loyalty_class'
            else 'suppression_reason'
        end as domain,
        class_code as code
    from {{ ref('classification_rules') }}
    where class_code <> 'eligible'
    union
    select
        'satisfaction_loyalty_subclass' as domain,
        subclass_code as code
    from {{ ref('classification_rules') }}
    where rule_set = 'satisfaction_loyalty'
    union
    select
        'loss_reason' as domain,
        loss_reason as code
    from {{ ref('case_meanings') }}
    where loss_reason is not null
    union
    select
        'behavioural_segment' as domain,
        behavioural_segment as code
    from {{ ref('loyalty_segments') }}
    union
    select
        'switching_barrier' as domain,
        switching_barrier as code
    from {{ ref('loyalty_segments') }}
    union
    select
        'satisfaction_basis' as domain,
        satisfaction_basis as code
    from {{ ref('loyalty_segments') }}
    union
    select
        'score_basis' as domain,
        score_basis as code
    from {{ ref('loyalty_scores') }}
    union
    select
        'sufficiency' as domain,
        sufficiency as code
    from {{ ref('customer_lifetime_value_parts') }}
    union
    select
        'spend_basis' as domain,
        spend_basis as code
    from {{ ref('customer_lifetime_value_parts') }}
    union
    select
        'contract_state' as domain,
        state as code
    from {{ ref('contract_renewals') }}
    union
    select
        case preset when 'native' then 'rfm_group' else preset || '_group' end as domain,
        rfm_group as code
    from {{ ref('rfm_groups') }}
    {%- for domain in ['rfm_group', 'shopify_group', 'klaviyo_group'] %}
    union
    select
        '{{ domain }}' as domain,
        {{ domain }} as code
    from {{ ref('customer_rfm') }}
    {%- endfor %}
    {%- for domain in ['internal_grade', 'public_tier'] %}
    union
    select
        '{{ domain }}' as domain,
        {{ domain }} as code
    from {{ ref('customer_grades') }}
    {%- endfor %}
    {%- for domain in ['nature', 'transaction_status', 'time_class', 'pareto_class'] %}
    union
    select
        '{{ domain }}' as domain,
        coalesce({{ domain }}, 'none') as code
    from {{ ref('customers') }}
    {%- endfor %}
    union
    select
        'activity_status' as domain,
        activity_status as code
    from {{ ref('lifecycle_stages') }}
)

select
    codes.domain,
    codes.code
from codes
left join {{ ref('class_labels') }} as labels
    on codes.domain = labels.domain and codes.code = labels.code
where labels.code is null
