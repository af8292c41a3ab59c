with source as (
    select * from {{ source('shop', 'payments') }}
),

renamed as (
    select
        source_system,
        payment_id,
        order_id,
        kind,
        status,
        amount,
        currency,
        fx_rate,
        gateway,
        cast(processed_at as timestamp) as processed_at,
        processed_on,
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
