-- title: Customer value by shop
-- audience: finance
-- answers: What did the customers of each shop bring so far, and what will they bring?
-- reads: customer_lifetime_value_parts
select
    business_unit,
    count(*) as customer_count,
    sum(orders) as order_count,
    sum(historic_revenue) as revenue_before_refunds,
    sum(historic_refunds) as refunded_revenue,
    sum(historic_net_revenue) as net_revenue,
    sum(historic_margin) as margin,
    count(*) filter (where model <> 'none') as with_forecast,
    sum(expected_orders_12m) as expected_orders_12m,
    sum(clv_12m_margin_discounted) as clv_12m_margin_discounted,
    sum(clv_36m_margin_discounted) as clv_36m_margin_discounted,
    sum(clv_residual_margin_discounted) as clv_residual_margin_discounted
from customer_lifetime_value_parts
group by business_unit
order by business_unit asc nulls last
