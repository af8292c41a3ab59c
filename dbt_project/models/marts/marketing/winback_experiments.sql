{% set compared = {
    'returned': 'bigint',
    'return_rate': 'decimal(9, 6)',
    'return_rate_low': 'decimal(9, 6)',
    'return_rate_high': 'decimal(9, 6)',
    'net_revenue': 'decimal(18, 4)',
    'margin': 'decimal(18, 4)',
    'uplift': 'decimal(9, 6)',
    'uplift_low': 'decimal(9, 6)',
    'uplift_high': 'decimal(9, 6)',
    'minimum_detectable_effect': 'decimal(9, 6)',
    'strata_compared': 'bigint',
    'incremental_margin': 'decimal(18, 4)',
    'incremental_margin_low': 'decimal(18, 4)',
    'incremental_margin_high': 'decimal(18, 4)',
    'incremental_margin_per_customer': 'decimal(18, 4)',
    'incremental_margin_per_customer_low': 'decimal(18, 4)',
    'incremental_margin_per_customer_high': 'decimal(18, 4)',
    'minimum_detectable_margin_per_customer': 'decimal(18, 4)',
    'cost': 'decimal(18, 4)',
    'cost_basis': 'string',
    'roi': 'decimal(18, 6)',
    'material_difference': 'decimal(9, 6)',
} -%}

with results as (
    select * from {{ ref('stg_etl__winback_results') }}
),

assigned as (
    select * from {{ ref('int_winback_assigned') }}
),

-- What has not been read yet shows how many there are, and nothing of what they did.
running as (
    select assigned.*
    from assigned
    left join (select distinct experiment from results) as already_read
        on assigned.experiment = already_read.experiment
    where already_read.experiment is null
),

counted as (
    select
        experiment,
        arm_source,
        stratum,
        arm,
        count(*) as customer_count
    from running
    group by experiment, arm_source, stratum, arm
    union all
    select
        experiment,
        arm_source,
        'all' as stratum,
        arm,
        count(*) as customer_count
    from running
    group by experiment, arm_source, arm
),

days as (
    select
        experiment,
        min(assigned_on) as assigned_from_on,
        max(assigned_on) as assigned_to_on,
        max(reads_on) as reads_on
    from running
    group by experiment
),

stacked as (
    select
        experiment,
        arm_source,
        stratum,
        arm,
        assigned_from_on,
        assigned_to_on,
        reads_on,
        read_on,
        customer_count
        {%- for column in compared %},
        {{ column }}
        {%- endfor %},
        verdict
    from results
    union all
    select
        counted.experiment,
        counted.arm_source,
        counted.stratum,
        counted.arm,
        days.assigned_from_on,
        days.assigned_to_on,
        days.reads_on,
        cast(null as date) as read_on,
        counted.customer_count
        {%- for column, type in compared.items() %},
        cast(null as {{ type }}) as {{ column }}
        {%- endfor %},
        case
            when counted.stratum = 'all' and counted.arm = 'treatment' then 'running'
        end as verdict
    from counted
    inner join days on counted.experiment = days.experiment
),

winback_experiments as (
    select
        experiment,
        stratum,
        arm,
        arm_source,
        assigned_from_on,
        assigned_to_on,
        reads_on,
        read_on,
        cast(customer_count as bigint) as customer_count
        {%- for column, type in compared.items() %},
        cast({{ column }} as {{ type }}) as {{ column }}
        {%- endfor %},
        verdict,
        {{ params_hash() }} as params_hash,
        {{ as_of_date() }} as as_of_date
    from stacked
)

select * from winback_experiments
