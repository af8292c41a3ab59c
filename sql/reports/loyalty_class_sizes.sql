-- title: Loyalty classes and their sizes
-- audience: marketing
-- answers: How many customers are in each loyalty class and subclass, and how sure is the class?
-- reads: loyalty_segments
with sizes as (
    select
        satisfaction_loyalty_class,
        satisfaction_loyalty_subclass,
        count(*) as customer_count,
        count(satisfaction_score) as with_satisfaction,
        cast(avg(satisfaction_score) as decimal(9, 4)) as average_satisfaction,
        cast(avg(behavioural_score) as decimal(9, 2)) as average_behavioural_score
    from loyalty_segments
    group by satisfaction_loyalty_class, satisfaction_loyalty_subclass
)

select
    satisfaction_loyalty_class,
    satisfaction_loyalty_subclass,
    customer_count,
    cast(customer_count / nullif(sum(customer_count) over (), 0) as decimal(9, 4))
        as share_of_customers,
    with_satisfaction,
    average_satisfaction,
    average_behavioural_score
from sizes
order by
    customer_count desc nulls last,
    satisfaction_loyalty_class asc nulls last,
    satisfaction_loyalty_subclass asc nulls last
