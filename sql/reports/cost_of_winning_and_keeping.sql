-- title: What it costs to win and to keep a customer
-- audience: finance
-- answers: How many times a year's cost of keeping a customer does it cost to win one?
-- reads: acquisition_retention_costs
select
    month_on,
    is_month_complete,
    acquisition_spend,
    new_customers,
    cac,
    cac_basis,
    retention_spend,
    retained_customers,
    retention_cost,
    cac_to_annual_retention_cost_ratio,
    benchmark_ratio
from acquisition_retention_costs
-- The month itself; its channels are in the other rows.
where channel = 'all'
order by month_on asc nulls last
