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
        {{ envelope() }}
    from source
)

select * from renamed
