-- title: Value that may not be won back
-- audience: finance
-- answers: How much expected margin lies with lapsed customers we may or should not write to?
-- reads: winback_targets
with held_back as (
    select
        suppression_reason,
        count(*) as customer_count,
        count(expected_margin_if_won_back) as with_known_value,
        sum(expected_margin_if_won_back) as expected_margin_if_won_back
    from winback_targets
    where not is_eligible
    group by suppression_reason
)

select *
from held_back
order by expected_margin_if_won_back desc nulls last, suppression_reason asc nulls last
