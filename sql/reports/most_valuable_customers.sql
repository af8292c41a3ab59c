-- title: The most valuable customers
-- audience: marketing
-- answers: Who is worth most, by forecast where there is one and by history else?
-- reads: customer_lifetime_value, customers, lifecycle_stages
with valued_customers as (
    select
        customer_lifetime_value.customer_key,
        customers.primary_business_unit,
        lifecycle_stages.stage,
        lifecycle_stages.activity_status,
        customers.has_email,
        customer_lifetime_value.historic_margin,
        customer_lifetime_value.p_order_12m,
        customer_lifetime_value.clv_12m_margin_discounted,
        customer_lifetime_value.clv_36m_margin_discounted,
        customer_lifetime_value.sufficiency
    from customer_lifetime_value
    inner join customers on customer_lifetime_value.customer_key = customers.customer_key
    inner join lifecycle_stages
        on customer_lifetime_value.customer_key = lifecycle_stages.customer_key
    where customer_lifetime_value.orders > 0 and not customers.is_internal
)

select *
from valued_customers
order by
    clv_36m_margin_discounted desc nulls last,
    clv_12m_margin_discounted desc nulls last,
    historic_margin desc nulls last,
    customer_key asc nulls last
limit 100
