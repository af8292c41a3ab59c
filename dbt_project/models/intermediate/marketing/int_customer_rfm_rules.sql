with facts as (
    select * from {{ ref('int_customer_rfm_facts') }}
),

scores as (
    select * from {{ ref('int_customer_rfm_scores') }}
),

-- The first rule that matches; from the fifth on the cell of the scores decides the group.
ruled as (
    select
        facts.customer_key,
        facts.business_unit,
        case
            when facts.is_internal then 'RF01_INTERNAL'
            when facts.last_ordered_on is null then 'RF02_PROSPECT'
            when facts.is_not_profiled then 'RF03_NOT_PROFILED'
            when
                coalesce(scores.recency_peers, 0) < {{ parameter('score_group_min_customers') }}
                then 'RF04_TOO_FEW_PEERS'
            when facts.frequency_days = 0 then 'RF05_OUTSIDE_WINDOW'
            when facts.monetary <= 0 then 'RF06_NO_SPEND'
            when
                coalesce(scores.monetary_peers, 0) < {{ parameter('score_group_min_customers') }}
                then 'RF04_TOO_FEW_PEERS'
            else 'RF11_SCORED'
        end as rule_id
    from facts
    left join scores
        on
            facts.customer_key = scores.customer_key
            and facts.business_unit = scores.business_unit
)

select * from ruled
