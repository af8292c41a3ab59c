-- title: Whom to win back first
-- audience: marketing
-- answers: Which customers are on the list, by which channel, in which order?
-- reads: export_winback, winback_targets
select
    winback_targets.priority_rank,
    export_winback.customer_key,
    winback_targets.activity_status,
    export_winback.channel,
    export_winback.offer_code,
    winback_targets.days_lapsed,
    winback_targets.loss_reason,
    winback_targets.is_exploration,
    winback_targets.expected_regain_profit
from export_winback
inner join winback_targets on export_winback.customer_key = winback_targets.customer_key
order by winback_targets.priority_rank asc nulls last, export_winback.customer_key asc nulls last
limit 100
