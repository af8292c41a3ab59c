-- title: Who lapsed, and who may be written to
-- audience: marketing
-- answers: How many of the lapsed and lost are on the list, held back, and why not the others?
-- reads: winback_suppressions
with lines as (
    select *
    from winback_suppressions
    where outcome <> 'erased' and (customer_count > 0 or outcome = 'eligible')
)

select
    line as outcome,
    customer_count,
    cast(customer_count / nullif(sum(customer_count) over (), 0) as decimal(9, 4))
        as share_of_all,
    lapsed_count,
    lost_count
from lines
order by line_no asc nulls last
