with source as (
    select * from {{ source('crm', 'interactions') }}
),

renamed as (
    select
        source_system,
        interaction_id,
        contact_id,
        account_id,
        lead_id,
        rep_id,
        channel,
        direction,
        type,
        cast(occurred_at as timestamp) as occurred_at,
        occurred_on,
        is_auto,
        outcome,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
