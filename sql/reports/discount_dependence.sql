-- title: Dependence on discounts by loyalty class
-- audience: finance
-- answers: Which loyalty classes buy mostly at a discount, and how much revenue hangs on it?
-- reads: loyalty_segments, customers
with buyers as (
    select
        loyalty_segments.satisfaction_loyalty_class,
        loyalty_segments.discount_share,
        customers.net_revenue
    from loyalty_segments
    inner join customers on loyalty_segments.customer_key = customers.customer_key
    where loyalty_segments.discount_share is not null
),

dependence_by_class as (
    select
        satisfaction_loyalty_class,
        count(*) as customer_count,
        cast(avg(discount_share) as decimal(9, 4)) as average_discount_share,
        count(*) filter (where discount_share >= 0.5) as mostly_at_a_discount,
        sum(net_revenue) filter (where discount_share >= 0.5) as net_revenue_mostly_at_a_discount
    from buyers
    group by satisfaction_loyalty_class
)

select *
from dependence_by_class
order by average_discount_share desc nulls last, satisfaction_loyalty_class asc nulls last
