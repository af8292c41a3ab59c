with source as (
    select * from {{ source('etl', 'winback_assignments') }}
),

renamed as (
    select
        assigned_key,
        experiment,
        arm,
        bucket,
        stratum,
        eligible_on
    from source
)

select * from renamed
