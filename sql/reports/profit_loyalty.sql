-- title: Profit and loyalty
-- audience: marketing
-- answers: Which customers are profitable, which are loyal, and what do those in between cost?
-- reads: profit_loyalty_matrix
with cells as (
    select
        score_group,
        profit_loyalty_class,
        count(*) as customer_count,
        sum(margin) as margin,
        sum(cost_to_serve) as cost_to_serve,
        sum(profit) as profit,
        count(*) filter (where profit < 0) as unprofitable_customers,
        max(profit_threshold) as profit_threshold,
        cast(avg(behavioural_score) as decimal(9, 2)) as average_behavioural_score,
        count(*) filter (where margin_basis = 'default_rate') as customers_with_assumed_costs
    from profit_loyalty_matrix
    group by score_group, profit_loyalty_class
)

select
    score_group,
    profit_loyalty_class,
    customer_count,
    cast(
        customer_count / nullif(sum(customer_count) over (partition by score_group), 0)
        as decimal(9, 4)
    ) as share_of_score_group,
    margin,
    cost_to_serve,
    profit,
    unprofitable_customers,
    profit_threshold,
    average_behavioural_score,
    customers_with_assumed_costs
from cells
order by
    score_group desc nulls last,
    profit desc nulls last,
    customer_count desc nulls last,
    profit_loyalty_class asc nulls last
