with primary_parts as (
    select * from {{ ref('int_lifetime_values_primary') }}
),

orders as (
    select
        customer_key,
        sum(margin) as margin
    from {{ ref('int_orders_valued') }}
    where
        is_counted and customer_key is not null
        and ordered_on > {{ date_plus(as_of_date(), -365) }}
    group by customer_key
),

retention as (
    select * from {{ ref('int_retention_observed') }}
),

horizons as (
    select * from {{ ref('clv_horizons') }}
    where valid_from <= {{ as_of_date() }}
),

assumed as (
    select
        primary_parts.customer_key,
        horizons.horizon_years,
        cast(coalesce(orders.margin, 0) as decimal(18, 4)) as annual_margin,
        retention.retention_rate,
        cast({{ parameter('clv_discount_rate_annual') }} as decimal(9, 6)) as discount_rate_annual
    from primary_parts
    left join orders on primary_parts.customer_key = orders.customer_key
    left join retention on primary_parts.business_unit = retention.business_unit
    cross join horizons
),

computed as (
    select
        *,
        {{ textbook_clv(
            'annual_margin', 'retention_rate', 'discount_rate_annual', 'horizon_years'
        ) }} as textbook_clv
    from assumed
)

select * from computed
