-- title: How much revenue rests on the best customers
-- audience: finance
-- answers: What share of the revenue do the best tenth, the next tenth and so on bring?
-- reads: customer_lifetime_value
with buyers as (
    select
        customer_key,
        historic_net_revenue,
        historic_margin
    from customer_lifetime_value
    where historic_net_revenue > 0
),

tenths as (
    select
        ntile(10) over (
            order by historic_net_revenue desc nulls last, customer_key asc nulls last
        ) as tenth,
        historic_net_revenue,
        historic_margin
    from buyers
),

revenue_by_tenth as (
    select
        tenth,
        count(*) as customer_count,
        sum(historic_net_revenue) as historic_net_revenue,
        sum(historic_margin) as historic_margin,
        min(historic_net_revenue) as smallest_historic_net_revenue
    from tenths
    group by tenth
)

select
    tenth,
    customer_count,
    historic_net_revenue,
    cast(historic_net_revenue / nullif(sum(historic_net_revenue) over (), 0) as decimal(9, 4))
        as share_of_revenue,
    cast(
        sum(historic_net_revenue) over (
            order by tenth asc nulls last
            rows between unbounded preceding and current row
        ) / nullif(sum(historic_net_revenue) over (), 0)
        as decimal(9, 4)
    ) as share_so_far,
    historic_margin,
    smallest_historic_net_revenue
from revenue_by_tenth
order by tenth asc nulls last
