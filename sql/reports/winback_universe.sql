-- title: Who lapsed, and who may be written to
-- audience: marketing
-- answers: Of all lapsed and lost customers, how many are eligible, and why not the others?
-- reads: winback_targets
with reasons as (
    select
        coalesce(suppression_reason, 'eligible') as outcome,
        count(*) as customer_count,
        count(*) filter (where activity_status = 'lapsed') as lapsed_count,
        count(*) filter (where activity_status = 'lost') as lost_count
    from winback_targets
    group by coalesce(suppression_reason, 'eligible')
)

select
    outcome,
    customer_count,
    cast(customer_count / nullif(sum(customer_count) over (), 0) as decimal(9, 4))
        as share_of_all,
    lapsed_count,
    lost_count
from reasons
order by customer_count desc nulls last, outcome asc nulls last
