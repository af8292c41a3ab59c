with facts as (
    select * from {{ ref('int_customer_loyalty_facts') }}
),

patronage as (
    select
        customer_key,
        is_loyalty_high
    from {{ ref('int_customer_loyalty_rules') }}
),

-- Patronage is high exactly where the satisfaction classes call loyalty high: one rule.
weighed as (
    select
        facts.*,
        patronage.is_loyalty_high,
        facts.affective_score >= {{ parameter('loyalty_attitude_high_min') }} as is_attitude_high
    from facts
    inner join patronage on facts.customer_key = patronage.customer_key
),

ruled as (
    select
        customer_key,
        case
            when is_internal then 'DB01_INTERNAL'
            when is_not_profiled then 'DB02_NOT_PROFILED'
            when is_attitude_high is null then 'DB03_UNKNOWN_ATTITUDE'
            when is_attitude_high and is_loyalty_high then 'DB04_TRUE'
            when is_attitude_high then 'DB05_LATENT'
            when is_loyalty_high then 'DB06_SPURIOUS'
            else 'DB07_NONE'
        end as rule_id
    from weighed
)

select * from ruled
