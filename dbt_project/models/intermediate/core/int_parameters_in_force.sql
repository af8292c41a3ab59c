with parameters as (
    select * from {{ ref('parameters') }}
),

in_force as (
    select
        parameter,
        value,
        unit,
        valid_from
    from parameters
    where valid_from <= {{ as_of_date() }}
    qualify
        row_number() over (partition by parameter order by valid_from desc nulls last) = 1
)

select * from in_force
