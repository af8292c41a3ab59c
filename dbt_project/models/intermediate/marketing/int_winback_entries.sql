with eligible as (
    select customer_key
    from {{ ref('int_winback_rules') }}
    where class_code = 'eligible'
),

cells as (
    select * from {{ ref('int_winback_cells') }}
),

open_experiments as (
    {{ open_experiments() | indent(4) }}
),

-- Who is bound to an experiment, this one or another, is in no second one.
bound as (
    select customer_key
    from {{ ref('int_winback_assignments_known') }}
    where binds_until_on >= {{ as_of_date() }}
    union distinct
    select customer_key
    from {{ ref('int_winback_assignments_repointed') }}
    where assigned_on = {{ as_of_date() }}
),

drawn as (
    select
        eligible.customer_key as assigned_key,
        open_experiments.experiment,
        {{ experiment_bucket(
            'open_experiments.salt', 'open_experiments.experiment', 'eligible.customer_key'
        ) }} as bucket,
        open_experiments.holdout_share,
        cells.stratum
    from eligible
    cross join open_experiments
    inner join cells on eligible.customer_key = cells.customer_key
    left join bound on eligible.customer_key = bound.customer_key
    where bound.customer_key is null
),

entries as (
    select
        assigned_key,
        experiment,
        case when bucket < holdout_share * 10000 then 'holdout' else 'treatment' end as arm,
        bucket,
        stratum,
        {{ as_of_date() }} as eligible_on
    from drawn
)

select * from entries
