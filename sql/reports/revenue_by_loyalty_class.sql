-- title: Revenue and margin by loyalty class
-- audience: finance
-- answers: How much revenue and margin came from each loyalty class?
-- reads: loyalty_segments, customers
with classed_customers as (
    select
        loyalty_segments.satisfaction_loyalty_class,
        customers.net_revenue,
        customers.margin
    from loyalty_segments
    inner join customers on loyalty_segments.customer_key = customers.customer_key
),

revenue_by_class as (
    select
        satisfaction_loyalty_class,
        count(*) as customer_count,
        sum(net_revenue) as net_revenue,
        sum(margin) as margin
    from classed_customers
    group by satisfaction_loyalty_class
)

select
    satisfaction_loyalty_class,
    customer_count,
    net_revenue,
    cast(net_revenue / nullif(sum(net_revenue) over (), 0) as decimal(9, 4))
        as share_of_net_revenue,
    margin,
    cast(margin / nullif(net_revenue, 0) as decimal(9, 4)) as margin_rate
from revenue_by_class
order by net_revenue desc nulls last, satisfaction_loyalty_class asc nulls last
