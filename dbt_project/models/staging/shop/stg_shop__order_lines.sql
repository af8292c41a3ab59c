with source as (
    select * from {{ source('shop', 'order_lines') }}
),

renamed as (
    select
        source_system,
        order_id,
        line_no,
        line_id,
        product_id,
        sku,
        title,
        quantity,
        unit_price,
        line_amount,
        compare_at_price,
        line_discount,
        tax,
        is_gift_card,
        is_sample,
        unit_cost,
        cost_currency,
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
