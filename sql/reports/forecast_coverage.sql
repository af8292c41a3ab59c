-- title: What the value forecast covers
-- audience: finance
-- answers: How much of last year's revenue comes from customers with a forecast, and why not all?
-- reads: customer_lifetime_value, orders
with last_year as (
    select
        customer_key,
        sum(net_revenue) as net_revenue
    from orders
    where is_counted and ordered_on > (select max(as_of_date) - 365 from customer_lifetime_value)
    group by customer_key
),

-- Guests are nobody's future; their revenue is one row without a customer.
covered as (
    select
        coalesce(customer_lifetime_value.rule_id, 'GUEST') as rule_id,
        customer_lifetime_value.customer_key,
        last_year.net_revenue,
        customer_lifetime_value.clv_12m_revenue_nominal,
        customer_lifetime_value.clv_12m_margin_discounted,
        customer_lifetime_value.clv_36m_margin_discounted
    from customer_lifetime_value
    full join last_year on customer_lifetime_value.customer_key = last_year.customer_key
),

by_rule as (
    select
        rule_id,
        count(customer_key) as customer_count,
        coalesce(sum(net_revenue), 0) as net_revenue_last_365_days,
        count(clv_12m_margin_discounted) as customers_with_12m,
        sum(clv_12m_revenue_nominal) as clv_12m_revenue_nominal,
        sum(clv_12m_margin_discounted) as clv_12m_margin_discounted,
        count(clv_36m_margin_discounted) as customers_with_36m,
        sum(clv_36m_margin_discounted) as clv_36m_margin_discounted
    from covered
    group by rule_id
)

select
    rule_id,
    customer_count,
    cast(customer_count / nullif(sum(customer_count) over (), 0) as decimal(9, 4))
        as share_of_customers,
    net_revenue_last_365_days,
    cast(
        net_revenue_last_365_days / nullif(sum(net_revenue_last_365_days) over (), 0)
        as decimal(9, 4)
    ) as share_of_net_revenue,
    customers_with_12m,
    clv_12m_revenue_nominal,
    clv_12m_margin_discounted,
    customers_with_36m,
    clv_36m_margin_discounted
from by_rule
order by net_revenue_last_365_days desc nulls last, rule_id asc nulls last
