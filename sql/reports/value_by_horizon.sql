-- title: What the customers are worth by how far one looks
-- audience: finance
-- answers: How does the value grow with the horizon, and what would the textbook's formula say?
-- reads: customer_lifetime_value_horizons
select
    horizon_years,
    count(*) filter (where clv_margin_discounted is not null) as forecast_customers,
    count(*) filter (where is_extrapolated) as extrapolated_customers,
    sum(clv_margin_nominal) as clv_margin_nominal,
    sum(clv_margin_discounted) as clv_margin_discounted,
    count(*) filter (where textbook_clv is not null) as textbook_customers,
    sum(textbook_clv) as textbook_clv,
    max(discount_rate_annual) as discount_rate_annual
from customer_lifetime_value_horizons
group by horizon_years
order by horizon_years asc nulls last
