-- Of two customers with the same gap and neither account closed since the last purchase, the one
-- who bought later never has the higher ratio nor the worse status; and on the day of the purchase
-- the ratio is 0. As the ratio is days over gap, the first also says that it never falls while a
-- customer waits.
with waiting as (
    select
        activity.customer_key,
        activity.days_since_last,
        activity.gap_days,
        activity.recency_ratio,
        case activity.activity_status
            when 'reactivated' then 1
            when 'active' then 1
            when 'at_risk' then 2
            when 'lapsed' then 3
            when 'lost' then 4
        end as status_rank
    from {{ ref('int_customer_activity') }} as activity
    inner join {{ ref('customers') }} as customers
        on activity.customer_key = customers.customer_key
    where
        activity.activity_status <> 'none'
        and (
            customers.account_closed_on is null
            or customers.account_closed_on < activity.last_ordered_on
            or customers.account_closed_on > {{ as_of_date() }}
        )
),

compared as (
    select
        *,
        lag(recency_ratio) over (
            partition by gap_days
            order by days_since_last asc nulls last, customer_key asc nulls last
        ) as ratio_of_later_buyer,
        lag(status_rank) over (
            partition by gap_days
            order by days_since_last asc nulls last, customer_key asc nulls last
        ) as rank_of_later_buyer
    from waiting
)

select *
from compared
where
    recency_ratio < ratio_of_later_buyer
    or status_rank < rank_of_later_buyer
    or (days_since_last = 0 and recency_ratio <> 0)
    or recency_ratio is null
    or gap_days not between {{ parameter('activity_gap_min_days') }}
    and {{ parameter('activity_gap_max_days') }}
