-- title: Revenue by month and shop
-- audience: finance
-- answers: How much was sold, given back and kept, by month of the sale and by shop?
-- reads: orders
with counted_orders as (
    select
        cast(date_trunc('month', ordered_on) as date) as month,
        source_system,
        business_unit,
        customer_key,
        net_revenue_gross_of_refunds,
        refunded_revenue,
        net_revenue,
        margin
    from orders
    where is_counted
),

revenue_by_month as (
    select
        month,
        source_system,
        business_unit,
        count(*) as order_count,
        count(distinct customer_key) as customer_count,
        sum(net_revenue_gross_of_refunds) as revenue_before_refunds,
        sum(refunded_revenue) as refunded_revenue,
        sum(net_revenue) as net_revenue,
        sum(margin) as margin
    from counted_orders
    group by month, source_system, business_unit
)

select *
from revenue_by_month
order by month desc nulls last, source_system asc nulls last, business_unit asc nulls last
