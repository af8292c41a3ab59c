with source as (
    select * from {{ source('crm', 'campaigns') }}
),

renamed as (
    select
        source_system,
        campaign_id,
        name,
        type,
        channel,
        starts_on,
        ends_on,
        spend,
        currency,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
