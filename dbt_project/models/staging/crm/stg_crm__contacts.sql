with source as (
    select * from {{ source('crm', 'contacts') }}
),

renamed as (
    select
        source_system,
        contact_id,
        account_id,
        master_id,
        email as email_token,
        email_domain,
        email_is_role,
        phone as phone_token,
        first_name as first_name_token,
        last_name as last_name_token,
        birth_on as birth_token,
        cast(birth_month as bigint) as birth_month,
        cast(birth_day as bigint) as birth_day,
        title,
        lifecycle_raw,
        lead_source,
        owner_rep_id,
        cast(email_bounced_at as timestamp) as email_bounced_at,
        email_bounced_on,
        is_deceased,
        is_minor,
        country,
        external_system,
        external_ref,
        cast(created_at as timestamp) as created_at,
        created_on,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
