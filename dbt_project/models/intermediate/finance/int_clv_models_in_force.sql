with models as (
    select * from {{ ref('stg_etl__clv_models') }}
    where in_force_from <= {{ as_of_date() }}
),

-- A run judges a unit whole: what an earlier one said of its segments no longer counts.
in_force as (
    select *
    from models
    qualify
        rank() over (
            partition by business_unit
            order by in_force_from desc nulls last, run_cutoff_on desc nulls last
        ) = 1
)

select * from in_force
