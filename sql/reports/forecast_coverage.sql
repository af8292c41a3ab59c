-- title: What the value forecast rests on
-- audience: finance
-- answers: For how many customers is a future value forecast, how well founded, and how much?
-- reads: customer_lifetime_value
select
    sufficiency,
    sufficiency_reason,
    model,
    count(*) as customer_count,
    sum(historic_net_revenue) as historic_net_revenue,
    sum(historic_margin) as historic_margin,
    sum(clv_12m_margin_discounted) as clv_12m_margin_discounted,
    sum(clv_36m_margin_discounted) as clv_36m_margin_discounted,
    sum(clv_residual_margin_discounted) as clv_residual_margin_discounted,
    max(discount_rate_annual) as discount_rate_annual
from customer_lifetime_value
group by sufficiency, sufficiency_reason, model
order by
    customer_count desc nulls last,
    sufficiency asc nulls last,
    sufficiency_reason asc nulls last,
    model asc nulls last
