with source as (
    select * from {{ source('shop', 'fx_rates') }}
),

renamed as (
    select
        source_system,
        rate_on,
        from_currency,
        to_currency,
        rate,
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
