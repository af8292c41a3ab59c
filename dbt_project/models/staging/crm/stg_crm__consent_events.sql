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
        source_file,
        source_row,
        batch_id,
        cast(extracted_at as timestamp) as extracted_at,
        cast(loaded_at as timestamp) as loaded_at,
        known_on,
        source_sequence,
        record_hash,
        document_hash,
        is_deleted,
        extra_json
    from source
)

select * from renamed
