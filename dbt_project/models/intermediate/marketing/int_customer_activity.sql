with customers as (
    select * from {{ ref('customers') }}
),

contracts as (
    select * from {{ ref('int_customer_contracts') }}
),

gaps as (
    select * from {{ ref('int_customer_gaps') }}
),

-- Who bought after the account was closed has not left: that closing does not count. While a
-- business has a contract it need not order to stay: it waits from the contract's last day on.
joined as (
    select
        customers.customer_key,
        customers.last_ordered_on,
        case
            when
                customers.account_closed_on <= {{ as_of_date() }}
                and coalesce(customers.account_closed_on >= customers.last_ordered_on, true)
                then customers.account_closed_on
        end as closed_on,
        greatest(
            customers.last_ordered_on,
            coalesce(contracts.covered_through_on, customers.last_ordered_on)
        ) as last_active_on,
        coalesce(contracts.is_in_force, false) as is_in_contract,
        contracts.next_renewal_on,
        gaps.gap_days,
        gaps.gap_before_days,
        gaps.gap_basis,
        case
            when not coalesce(contracts.was_in_force_at_last_order, false)
                then gaps.last_interval_days
        end as silence_days
    from customers
    left join gaps on customers.customer_key = gaps.customer_key
    left join contracts
        on
            customers.customer_key = contracts.customer_key
            and customers.customer_type = 'business'
            and customers.last_ordered_on is not null
),

rated as (
    select
        *,
        {{ days_between('last_ordered_on', as_of_date()) }} as days_since_order,
        {{ days_between('last_active_on', as_of_date()) }} as days_since_last,
        cast(
            {{ safe_divide(days_between('last_active_on', as_of_date()), 'gap_days', 6) }}
            as decimal(18, 6)
        ) as recency_ratio,
        cast({{ safe_divide('silence_days', 'gap_before_days', 6) }} as decimal(18, 6))
            as return_ratio
    from joined
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
                and days_since_order <= {{ parameter('activity_reactivated_max_days') }}
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
        last_active_on,
        closed_on,
        days_since_last,
        gap_days,
        gap_before_days,
        gap_basis,
        recency_ratio,
        return_ratio,
        activity_status,
        case
            when next_renewal_on is not null then next_renewal_on
            when is_in_contract then {{ date_plus('last_ordered_on', 'ceil(gap_days)') }}
            else {{ date_plus('last_active_on', 'ceil(gap_days)') }}
        end as next_expected_order_on,
        -- The first day on which the ratio is past at risk, or the closing if that came first.
        case
            when activity_status in ('lapsed', 'lost')
                then least(
                    closed_on,
                    {{ date_plus(
                        'last_active_on',
                        'floor(gap_days * ' ~ parameter('activity_at_risk_ratio_max') ~ ') + 1'
                    ) }}
                )
        end as lapsed_on
    from classed
)

select * from dated
