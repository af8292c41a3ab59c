with source as (
    select * from {{ source('crm', 'erasures') }}
),

renamed as (
    select
        source_system,
        request_id,
        contact_id,
        email_sha256,
        cast(requested_at as timestamp) as requested_at,
        requested_on,
        scope,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
