with known as (
    select * from {{ ref('int_winback_assignments_known') }}
),

planned as (
    select * from {{ ref('winback_experiments_planned') }}
),

-- Those of this day: in state when the day is run again, else drawn just now.
today as (
    select
        customer_key,
        experiment,
        'warehouse' as arm_source,
        arm,
        stratum,
        assigned_on,
        is_arm_conflict
    from {{ ref('int_winback_assignments_repointed') }}
    where assigned_on = {{ as_of_date() }}
    union all
    select
        assigned_key as customer_key,
        experiment,
        'warehouse' as arm_source,
        arm,
        stratum,
        eligible_on as assigned_on,
        false as is_arm_conflict
    from {{ ref('int_winback_entries') }}
),

{{ with_experiment_days('today', 'planned') }},

assigned as (
    select * from known
    union all
    select * from dated
)

select * from assigned
