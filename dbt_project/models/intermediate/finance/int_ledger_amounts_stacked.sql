with orders as (
    select * from {{ ref('orders') }}
),

-- What guests bought stands in no table by customer.
guests as (
    select * from orders
    where customer_key is null
),

by_unit as (
    select
        'orders' as side,
        business_unit,
        net_revenue,
        margin
    from orders
    union all
    select
        'postings' as side,
        business_unit,
        net_revenue,
        margin
    from {{ ref('int_orders_posted') }}
    union all
    select
        'customer_parts' as side,
        business_unit,
        historic_net_revenue as net_revenue,
        historic_margin as margin
    from {{ ref('customer_lifetime_value_parts') }}
    union all
    select
        'customer_parts' as side,
        business_unit,
        net_revenue,
        margin
    from guests
    union all
    select
        'cohorts' as side,
        business_unit,
        incremental_net_revenue as net_revenue,
        incremental_margin as margin
    from {{ ref('clv_cohorts') }}
),

stacked as (
    select * from by_unit
    union all
    select
        side,
        'all' as business_unit,
        net_revenue,
        margin
    from by_unit
    union all
    select
        'customers' as side,
        'all' as business_unit,
        historic_net_revenue as net_revenue,
        historic_margin as margin
    from {{ ref('customer_lifetime_value') }}
    union all
    select
        'customers' as side,
        'all' as business_unit,
        net_revenue,
        margin
    from guests
    union all
    select
        'concentration' as side,
        business_unit,
        case when metric = 'net_revenue_lifetime' then total_amount end as net_revenue,
        case when metric = 'margin_lifetime' then total_amount end as margin
    from {{ ref('revenue_concentration') }}
    where percentile = 100 and metric in ('net_revenue_lifetime', 'margin_lifetime')
),

summed as (
    select
        side,
        business_unit,
        cast(coalesce(sum(net_revenue), 0) as decimal(18, 4)) as net_revenue,
        cast(coalesce(sum(margin), 0) as decimal(18, 4)) as margin
    from stacked
    group by side, business_unit
)

select * from summed
