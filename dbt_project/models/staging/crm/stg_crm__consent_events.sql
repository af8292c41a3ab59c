with source as (
    select * from {{ source('crm', 'consent_events') }}
),

renamed as (
    select
        source_system,
        consent_id,
        contact_id,
        email as email_token,
        email_domain,
        email_is_role,
        phone as phone_token,
        channel,
        purpose,
        state,
        basis,
        source,
        cast(occurred_at as timestamp) as occurred_at,
        occurred_on,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
