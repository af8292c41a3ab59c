with source as (
    select * from {{ source('shop', 'refunds') }}
),

renamed as (
    select
        source_system,
        refund_id,
        order_id,
        cast(refunded_at as timestamp) as refunded_at,
        refunded_on,
        refund_total,
        refund_tax,
        refund_shipping,
        currency,
        fx_rate,
        reason,
        date_basis,
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
