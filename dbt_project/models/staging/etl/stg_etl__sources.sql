with source as (
    select * from {{ source('etl', 'sources') }}
),

renamed as (
    select
        source_system,
        business_time_zone,
        history_starts_on,
        is_generated
    from source
)

select * from renamed
