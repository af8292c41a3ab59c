with orders as (
    select * from {{ ref('int_orders_valued') }}
    where is_counted and margin is not null
),

-- Guests too: the rate is the shop's, and more orders make it steadier.
realised as (
    select
        business_unit,
        {{ safe_divide('sum(margin)', 'sum(net_revenue)') }} as margin_rate
    from orders
    group by business_unit
)

select * from realised
