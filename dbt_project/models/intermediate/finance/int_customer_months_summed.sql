with postings as (
    select * from {{ ref('int_orders_posted') }}
),

summed as (
    select
        business_unit,
        customer_key,
        {{ month_of('posted_on') }} as month_on,
        bool_or(is_net_purchase) as is_active,
        cast(sum(net_revenue) as decimal(18, 4)) as net_revenue,
        cast(sum(margin) as decimal(18, 4)) as margin
    from postings
    group by business_unit, customer_key, {{ month_of('posted_on') }}
)

select * from summed
