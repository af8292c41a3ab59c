-- title: Revenue of customers who have gone quiet
-- audience: finance
-- answers: How much past revenue belongs to customers who are at risk, lapsed or lost, by shop?
-- reads: lifecycle_stages, customers
with buyers as (
    select
        customers.primary_business_unit,
        lifecycle_stages.activity_status,
        customers.net_revenue,
        customers.margin
    from lifecycle_stages
    inner join customers on lifecycle_stages.customer_key = customers.customer_key
    where customers.order_count > 0
),

revenue_by_status as (
    select
        primary_business_unit,
        activity_status,
        count(*) as customer_count,
        sum(net_revenue) as net_revenue,
        sum(margin) as margin
    from buyers
    group by primary_business_unit, activity_status
)

select
    primary_business_unit,
    activity_status,
    customer_count,
    net_revenue,
    cast(
        net_revenue / nullif(sum(net_revenue) over (partition by primary_business_unit), 0)
        as decimal(9, 4)
    ) as share_of_net_revenue,
    margin
from revenue_by_status
order by
    primary_business_unit asc nulls last,
    net_revenue desc nulls last,
    activity_status asc nulls last
