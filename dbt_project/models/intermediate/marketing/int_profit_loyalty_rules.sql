with facts as (
    select * from {{ ref('int_profit_loyalty_facts') }}
),

thresholds as (
    select * from {{ ref('int_profit_loyalty_thresholds') }}
),

-- At the threshold is high.
weighed as (
    select
        facts.*,
        thresholds.peer_count,
        thresholds.profit_threshold,
        facts.profit >= thresholds.profit_threshold as is_profit_high
    from facts
    left join thresholds on facts.score_group = thresholds.score_group
),

ruled as (
    select
        *,
        case
            when is_internal then 'PL01_INTERNAL'
            when purchase_days = 0 then 'PL02_NO_PURCHASE'
            when is_not_profiled then 'PL03_NOT_PROFILED'
            when is_profit_high is null then 'PL04_UNKNOWN'
            when is_profit_high and is_loyalty_high then 'PL11_PARTNER'
            when is_profit_high then 'PL12_VENDOR'
            when is_loyalty_high then 'PL13_AFFECTION'
            else 'PL14_PURCHASE'
        end as rule_id
    from weighed
)

select * from ruled
