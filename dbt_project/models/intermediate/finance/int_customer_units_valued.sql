with orders as (
    select * from {{ ref('int_orders_valued') }}
    where is_counted and customer_key is not null
),

valued as (
    select
        customer_key,
        business_unit,
        cast(count(case when is_net_purchase then 1 end) as bigint) as orders,
        cast(count(distinct case when is_net_purchase then ordered_on end) as bigint)
            as purchase_days,
        cast(coalesce(sum(net_revenue_gross_of_refunds), 0) as decimal(18, 4)) as historic_revenue,
        cast(coalesce(sum(refunded_revenue), 0) as decimal(18, 4)) as historic_refunds,
        cast(coalesce(sum(net_revenue), 0) as decimal(18, 4)) as historic_net_revenue,
        cast(sum(margin) as decimal(18, 4)) as historic_margin,
        case
            when min(margin_basis) = max(margin_basis) then min(margin_basis)
            when min(margin_basis) is not null then 'mixed'
        end as margin_basis
    from orders
    group by customer_key, business_unit
)

select * from valued
