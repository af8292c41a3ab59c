-- A customer lapsed after the last purchase unless the account was closed before, never after the
-- as-of date, and the day before the lapse the ratio was not yet past at risk.
select
    targets.customer_key,
    targets.lapsed_on,
    activity.last_ordered_on,
    activity.gap_days
from {{ ref('winback_targets') }} as targets
inner join {{ ref('int_customer_activity') }} as activity
    on targets.customer_key = activity.customer_key
inner join {{ ref('customers') }} as customers
    on targets.customer_key = customers.customer_key
where
    targets.lapsed_on > {{ as_of_date() }}
    or (
        customers.account_closed_on is null
        and (
            {{ days_between('activity.last_ordered_on', 'targets.lapsed_on') }}
            <= activity.gap_days * {{ parameter('activity_at_risk_ratio_max') }}
            or {{ days_between('activity.last_ordered_on', 'targets.lapsed_on') }} - 1
            > activity.gap_days * {{ parameter('activity_at_risk_ratio_max') }}
        )
    )
