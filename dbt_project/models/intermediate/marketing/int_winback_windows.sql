with assigned as (
    select * from {{ ref('int_winback_assignments_known') }}
),

purchase_days as (
    select * from {{ ref('int_customer_purchase_days') }}
),

history as (
    select
        customer_key,
        code as activity_status,
        changed_on
    from {{ ref('stg_etl__class_history') }}
    where domain = 'activity_status'
),

cases as (
    select *
    from {{ ref('int_case_signals') }}
    where loss_reason is not null
),

-- A spell begins with the last purchase before the assignment and ends with the next one.
spells as (
    select
        assigned.experiment,
        assigned.customer_key,
        max(
            case
                when purchase_days.ordered_on <= assigned.assigned_on then purchase_days.ordered_on
            end
        ) as last_purchase_on,
        min(
            case
                when purchase_days.ordered_on > assigned.assigned_on then purchase_days.ordered_on
            end
        ) as next_purchase_on
    from assigned
    inner join purchase_days on assigned.customer_key = purchase_days.customer_key
    group by assigned.experiment, assigned.customer_key
),

-- What the customer was on the day of the assignment, as the warehouse said on that day.
statuses as (
    select
        assigned.experiment,
        assigned.customer_key,
        history.activity_status
    from assigned
    inner join history
        on
            assigned.customer_key = history.customer_key
            and history.changed_on <= assigned.assigned_on
    qualify
        row_number() over (
            partition by assigned.experiment, assigned.customer_key
            order by history.changed_on desc nulls last
        ) = 1
),

explained as (
    select
        assigned.experiment,
        assigned.customer_key,
        cases.loss_reason
    from assigned
    inner join spells
        on
            assigned.experiment = spells.experiment
            and assigned.customer_key = spells.customer_key
    inner join cases
        on
            assigned.customer_key = cases.customer_key
            and cases.opened_on <= assigned.assigned_on
    where
        {{ days_between('cases.opened_on', 'spells.last_purchase_on') }}
        <= {{ parameter('winback_loss_reason_days') }}
    qualify
        row_number() over (
            partition by assigned.experiment, assigned.customer_key
            order by
                cases.opened_on desc nulls last,
                cases.source_system asc nulls last,
                cases.case_id asc nulls last
        ) = 1
),

windows as (
    select
        assigned.experiment,
        assigned.customer_key,
        assigned.arm_source,
        assigned.arm,
        assigned.stratum,
        assigned.assigned_on,
        assigned.outcome_until_on,
        assigned.reads_on,
        assigned.is_arm_conflict,
        assigned.outcome_until_on <= {{ as_of_date() }} as is_closed,
        spells.last_purchase_on,
        spells.last_purchase_on is not null and spells.next_purchase_on is null
            as is_current_spell,
        statuses.activity_status,
        split_part(assigned.stratum, '_', 1) as recency_band,
        split_part(assigned.stratum, '_', 2) as frequency_band,
        coalesce(explained.loss_reason, 'unknown') as loss_reason
    from assigned
    left join spells
        on
            assigned.experiment = spells.experiment
            and assigned.customer_key = spells.customer_key
    left join statuses
        on
            assigned.experiment = statuses.experiment
            and assigned.customer_key = statuses.customer_key
    left join explained
        on
            assigned.experiment = explained.experiment
            and assigned.customer_key = explained.customer_key
)

select * from windows
