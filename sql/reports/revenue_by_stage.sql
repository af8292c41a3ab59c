-- title: Revenue by lifecycle stage
-- audience: finance
-- answers: On how many customers of which stage does the revenue rest?
-- reads: lifecycle_stages, customers
with staged_customers as (
    select
        lifecycle_stages.stage_no,
        lifecycle_stages.stage,
        customers.net_revenue,
        customers.margin
    from lifecycle_stages
    inner join customers on lifecycle_stages.customer_key = customers.customer_key
),

revenue_by_stage as (
    select
        stage_no,
        stage,
        count(*) as customer_count,
        sum(net_revenue) as net_revenue,
        sum(margin) as margin
    from staged_customers
    group by stage_no, stage
)

select
    stage_no,
    stage,
    customer_count,
    net_revenue,
    cast(net_revenue / nullif(sum(net_revenue) over (), 0) as decimal(9, 4))
        as share_of_net_revenue,
    margin,
    cast(net_revenue / nullif(customer_count, 0) as decimal(18, 2)) as net_revenue_per_customer
from revenue_by_stage
order by stage_no desc nulls last, stage asc nulls last
