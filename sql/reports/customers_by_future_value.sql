-- title: Customers by what the whole future is worth
-- audience: finance
-- answers: Which customers hold most of the future margin, how sure is it, and how far off?
-- reads: customer_lifetime_value, customers
with forecast as (
    select
        customer_lifetime_value.customer_key,
        customers.primary_business_unit,
        customer_lifetime_value.cohort_month,
        customer_lifetime_value.historic_margin,
        customer_lifetime_value.p_order_12m,
        customer_lifetime_value.lapses_on,
        customer_lifetime_value.clv_12m_margin_nominal,
        customer_lifetime_value.clv_12m_margin_nominal_p10,
        customer_lifetime_value.clv_12m_margin_nominal_p90,
        customer_lifetime_value.clv_36m_margin_discounted,
        customer_lifetime_value.clv_residual_margin_discounted,
        customer_lifetime_value.residual_share_after_60m,
        customer_lifetime_value.clv_total_margin,
        customer_lifetime_value.model,
        customer_lifetime_value.sufficiency
    from customer_lifetime_value
    inner join customers on customer_lifetime_value.customer_key = customers.customer_key
    where customer_lifetime_value.clv_residual_margin_discounted is not null
)

select
    *,
    cast(
        clv_residual_margin_discounted
        / nullif(sum(clv_residual_margin_discounted) over (), 0) as decimal(9, 6)
    ) as share_of_all
from forecast
order by
    clv_residual_margin_discounted desc nulls last,
    customer_key asc nulls last
limit 100
