-- title: What the margin rests on
-- audience: finance
-- answers: For how much of the revenue is the margin known from costs, and for how much assumed?
-- reads: orders
with counted_orders as (
    select
        source_system,
        coalesce(margin_basis, 'none') as margin_basis,
        net_revenue,
        margin
    from orders
    where is_counted
),

revenue_by_basis as (
    select
        source_system,
        margin_basis,
        count(*) as order_count,
        sum(net_revenue) as net_revenue,
        sum(margin) as margin
    from counted_orders
    group by source_system, margin_basis
)

select
    source_system,
    margin_basis,
    order_count,
    net_revenue,
    cast(
        net_revenue / nullif(sum(net_revenue) over (partition by source_system), 0)
        as decimal(9, 4)
    ) as share_of_net_revenue,
    margin,
    cast(margin / nullif(net_revenue, 0) as decimal(9, 4)) as margin_rate
from revenue_by_basis
order by source_system asc nulls last, net_revenue desc nulls last, margin_basis asc nulls last
