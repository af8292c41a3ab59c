with source as (
    select * from {{ source('etl', 'identities') }}
),

renamed as (
    select
        source_system,
        entity,
        source_id,
        record_key,
        customer_key,
        rule,
        confidence,
        matched_system,
        matched_entity,
        matched_id,
        known_on
    from source
)

select * from renamed
