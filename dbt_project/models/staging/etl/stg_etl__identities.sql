with source as (
    select * from {{ source('etl', 'identities') }}
),

renamed as (
    select
        source_system,
        entity,
        source_id,
        customer_key,
        rule,
        confidence,
        known_on
    from source
)

select * from renamed
