-- Measured against customers who still buy: who left long ago would pull the line down to nothing.
with ranked as (
    select
        score_group,
        profit,
        row_number() over (
            partition by score_group
            order by profit asc nulls last, customer_key asc nulls last
        ) as profit_rank,
        count(*) over (partition by score_group) as peer_count
    from {{ ref('int_profit_loyalty_facts') }}
    where
        has_recent_purchase
        and not is_internal
        and not is_not_profiled
        and profit is not null
),

-- The smallest profit that covers the wanted share, by counting: exact on every engine.
thresholds as (
    select
        score_group,
        cast(max(peer_count) as bigint) as peer_count,
        min(profit) as profit_threshold
    from ranked
    where
        profit_rank >= peer_count * {{ parameter('profit_loyalty_quantile') }}
        and peer_count >= {{ parameter('score_group_min_customers') }}
    group by score_group
)

select * from thresholds
