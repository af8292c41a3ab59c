-- title: Whom to win back first
-- audience: marketing
-- answers: Which lapsed customers may be written to, by which channel, in which order?
-- reads: winback_targets
select
    priority_rank,
    customer_key,
    activity_status,
    eligible_channels,
    days_lapsed,
    loss_reason,
    expected_regain_profit
from winback_targets
where is_eligible
order by priority_rank asc nulls last, customer_key asc nulls last
limit 100
