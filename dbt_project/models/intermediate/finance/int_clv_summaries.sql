with purchase_days as (
    select
        *,
        {{ date_plus(as_of_date(), '-' ~ parameter('clv_unit_average_window_days')) }}
            as window_start
    from {{ ref('int_clv_purchase_days') }}
),

summed as (
    select
        business_unit,
        segment,
        customer_key,
        first_ordered_on,
        history_starts_on,
        {{ purchase_history(as_of_date(), 'window_start') }}
    from purchase_days
    group by business_unit, segment, customer_key, first_ordered_on, history_starts_on
),

summarised as (
    select
        {{ as_of_date() }} as cutoff_on,
        business_unit,
        segment,
        customer_key,
        repeat_orders,
        {{ days_between('first_ordered_on', 'last_ordered_on') }} as recency_days,
        {{ days_between('first_ordered_on', as_of_date()) }} as age_days,
        spend_occasions,
        {{ money(safe_divide('repeat_spend', 'spend_occasions', 8)) }} as mean_spend,
        first_ordered_on,
        history_starts_on,
        recent_repeat_orders,
        cast(first_spend as decimal(18, 4)) as first_spend
    from summed
)

select * from summarised
