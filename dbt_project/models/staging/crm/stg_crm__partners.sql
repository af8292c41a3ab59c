with source as (
    select * from {{ source('crm', 'partners') }}
),

renamed as (
    select
        source_system,
        partner_id,
        name,
        type,
        joined_on,
        left_on,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
