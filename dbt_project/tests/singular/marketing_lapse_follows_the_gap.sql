-- A customer lapsed neither before the last purchase or the contract's last day, nor after the
-- as-of date; and unless the account was closed since that purchase, the day before the lapse the
-- ratio was not yet past at risk.
select
    activity.customer_key,
    activity.lapsed_on,
    activity.last_ordered_on,
    activity.gap_days
from {{ ref('int_customer_activity') }} as activity
inner join {{ ref('customers') }} as customers
    on activity.customer_key = customers.customer_key
where
    activity.lapsed_on > {{ as_of_date() }}
    or activity.lapsed_on < activity.last_ordered_on
    or (activity.lapsed_on is not null) <> (activity.activity_status in ('lapsed', 'lost'))
    or (
        (
            customers.account_closed_on is null
            or customers.account_closed_on < activity.last_ordered_on
            or customers.account_closed_on > {{ as_of_date() }}
        )
        and (
            {{ days_between('activity.last_active_on', 'activity.lapsed_on') }}
            <= activity.gap_days * {{ parameter('activity_at_risk_ratio_max') }}
            or {{ days_between('activity.last_active_on', 'activity.lapsed_on') }} - 1
            > activity.gap_days * {{ parameter('activity_at_risk_ratio_max') }}
        )
    )
