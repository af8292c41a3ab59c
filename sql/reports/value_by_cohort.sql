-- title: Customer value by month of the first order
-- audience: marketing
-- answers: Which months brought the customers who are worth most, so far and from now on?
-- reads: customer_lifetime_value
select
    cohort_month,
    count(*) as customer_count,
    count(*) filter (where purchase_days > 1) as repeat_customer_count,
    cast(count(*) filter (where purchase_days > 1) / nullif(count(*), 0) as decimal(9, 4))
        as repeat_share,
    sum(historic_net_revenue) as historic_net_revenue,
    cast(sum(historic_net_revenue) / nullif(count(*), 0) as decimal(18, 2))
        as historic_net_revenue_per_customer,
    sum(historic_margin) as historic_margin,
    sum(clv_12m_margin_discounted) as clv_12m_margin_discounted,
    sum(clv_36m_margin_discounted) as clv_36m_margin_discounted,
    sum(clv_residual_margin_discounted) as clv_residual_margin_discounted,
    cast(sum(clv_total_margin) / nullif(count(clv_total_margin), 0) as decimal(18, 2))
        as clv_total_margin_per_customer,
    cast(sum(cac) / nullif(count(cac), 0) as decimal(18, 2)) as cac_per_customer
from customer_lifetime_value
-- Who was there before the history starts has no true first month.
where cohort_month is not null
group by cohort_month
order by cohort_month asc nulls last
