with assumptions as (
    select * from {{ ref('winback_uplift') }}
),

in_force as (
    select
        activity_status,
        p_treat,
        p_control
    from assumptions
    where valid_from <= {{ as_of_date() }}
    qualify
        row_number() over (
            partition by activity_status order by valid_from desc nulls last
        ) = 1
)

select * from in_force
