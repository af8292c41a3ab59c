with source as (
    select * from {{ source('crm', 'campaign_members') }}
),

renamed as (
    select
        source_system,
        campaign_id,
        party_type,
        party_id,
        cast(sent_at as timestamp) as sent_at,
        sent_on,
        cast(responded_at as timestamp) as responded_at,
        responded_on,
        status,
        arm,
        cost,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
