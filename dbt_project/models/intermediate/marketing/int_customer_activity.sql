with customers as (
    select * from {{ ref('customers') }}
),

gaps as (
    select * from {{ ref('int_customer_gaps') }}
),

-- Who bought after the account was closed has not left: that closing does not count.
rated as (
    select
        customers.customer_key,
        customers.last_ordered_on,
        case
            when
                customers.account_closed_on <= {{ as_of_date() }}
                and coalesce(customers.account_closed_on >= customers.last_ordered_on, true)
                then customers.account_closed_on
        end as closed_on,
        {{ days_between('customers.last_ordered_on', as_of_date()) }} as days_since_last,
        gaps.gap_days,
        gaps.gap_before_days,
        gaps.gap_basis,
        cast(
            {{ safe_divide(
                days_between('customers.last_ordered_on', as_of_date()), 'gaps.gap_days', 6
            ) }} as decimal(18, 6)
        ) as recency_ratio,
        cast(
            {{ safe_divide('gaps.last_interval_days', 'gaps.gap_before_days', 6) }}
            as decimal(18, 6)
        ) as return_ratio
    from customers
    left join gaps on customers.customer_key = gaps.customer_key
),

classed as (
    select
        *,
        case
            when last_ordered_on is null then 'none'
            when closed_on is not null then 'lost'
            when
                return_ratio > {{ parameter('activity_at_risk_ratio_max') }}
                and recency_ratio <= {{ parameter('activity_active_ratio_max') }}
                and days_since_last <= {{ parameter('activity_reactivated_max_days') }}
                then 'reactivated'
            when recency_ratio <= {{ parameter('activity_active_ratio_max') }} then 'active'
            when recency_ratio <= {{ parameter('activity_at_risk_ratio_max') }} then 'at_risk'
            when recency_ratio <= {{ parameter('activity_lapsed_ratio_max') }} then 'lapsed'
            else 'lost'
        end as activity_status
    from rated
),

dated as (
    select
        customer_key,
        last_ordered_on,
        closed_on,
        days_since_last,
        gap_days,
        gap_before_days,
        gap_basis,
        recency_ratio,
        return_ratio,
        activity_status,
        {{ date_plus('last_ordered_on', 'ceil(gap_days)') }} as next_expected_order_on,
        -- The first day on which the ratio is past at risk, or the closing if that came first.
        case
            when activity_status in ('lapsed', 'lost')
                then least(
                    closed_on,
                    {{ date_plus(
                        'last_ordered_on',
                        'floor(gap_days * ' ~ parameter('activity_at_risk_ratio_max') ~ ') + 1'
                    ) }}
                )
        end as lapsed_on
    from classed
)

select * from dated
