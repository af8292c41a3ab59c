with activity as (
    select *
    from {{ ref('int_customer_activity') }}
    where activity_status in ('lapsed', 'lost')
),

-- The last case that says why, within the time before the lapse or after it.
explained as (
    select
        activity.customer_key,
        case_signals.loss_reason
    from activity
    inner join {{ ref('int_case_signals') }} as case_signals
        on activity.customer_key = case_signals.customer_key
    where
        case_signals.loss_reason is not null
        and {{ days_between('case_signals.opened_on', 'activity.lapsed_on') }}
        <= {{ parameter('winback_loss_reason_days') }}
    qualify
        row_number() over (
            partition by activity.customer_key
            order by
                case_signals.opened_on desc nulls last,
                case_signals.source_system asc nulls last,
                case_signals.case_id asc nulls last
        ) = 1
),

loss_reasons as (
    select
        activity.customer_key,
        coalesce(explained.loss_reason, 'unknown') as loss_reason
    from activity
    left join explained on activity.customer_key = explained.customer_key
)

select * from loss_reasons
