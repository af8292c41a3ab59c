with source as (
    select * from {{ source('shop', 'refund_lines') }}
),

renamed as (
    select
        source_system,
        refund_id,
        line_no,
        order_line_no,
        quantity,
        amount,
        restocked,
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
