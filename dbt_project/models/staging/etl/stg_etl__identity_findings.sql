with source as (
    select * from {{ source('etl', 'identity_findings') }}
),

renamed as (
    select
        finding,
        finding_id,
        record_count,
        source_system,
        entity,
        source_id,
        shared_rule,
        shared_system,
        shared_entity,
        shared_id,
        shared_by
    from source
)

select * from renamed
