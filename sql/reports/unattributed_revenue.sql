-- title: Revenue without a customer
-- audience: data
-- answers: How much of each shop's revenue belongs to guests and so to no customer table?
-- reads: orders
with revenue_by_shop as (
    select
        source_system,
        count(*) as order_count,
        count(*) filter (where customer_key is null) as guest_order_count,
        sum(net_revenue) as net_revenue,
        coalesce(sum(net_revenue) filter (where customer_key is null), 0) as guest_net_revenue
    from orders
    where is_counted
    group by source_system
)

select
    *,
    cast(guest_net_revenue / nullif(net_revenue, 0) as decimal(9, 4)) as guest_share
from revenue_by_shop
order by source_system asc nulls last
