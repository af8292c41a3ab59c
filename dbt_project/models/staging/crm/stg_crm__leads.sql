with source as (
    select * from {{ source('crm', 'leads') }}
),

renamed as (
    select
        source_system,
        lead_id,
        email as email_token,
        email_domain,
        email_is_role,
        phone as phone_token,
        company,
        source,
        campaign_id,
        status,
        converted_contact_id,
        converted_account_id,
        cast(converted_at as timestamp) as converted_at,
        converted_on,
        disqualified_reason,
        cast(created_at as timestamp) as created_at,
        created_on,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
