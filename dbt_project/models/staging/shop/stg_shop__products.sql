with source as (
    select * from {{ source('shop', 'products') }}
),

renamed as (
    select
        source_system,
        product_id,
        sku,
        title,
        category,
        brand,
        is_premium,
        is_ethical,
        is_customised,
        launched_on,
        status,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
