-- title: How much revenue rests on the best customers
-- audience: finance
-- answers: What share of the revenue do the best tenth, fifth and so on bring, lately and in all?
-- reads: revenue_concentration
select
    metric,
    business_unit,
    percentile as best_percent_of_customers,
    top_amount as net_revenue,
    top_share as share_of_revenue,
    benchmark_top_20_share,
    gini,
    positive_customers as customer_count
from revenue_concentration
where metric in ('net_revenue_recent', 'net_revenue_lifetime') and mod(percentile, 10) = 0
order by metric asc nulls last, business_unit asc nulls last, percentile asc nulls last
