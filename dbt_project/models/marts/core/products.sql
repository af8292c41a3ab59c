with latest as (
    select * from {{ ref('int_products_latest') }}
),

products as (
    select
        source_system,
        product_id,
        sku,
        title,
        category,
        brand,
        coalesce(is_premium, false) as is_premium,
        coalesce(is_ethical, false) as is_ethical,
        coalesce(is_customised, false) as is_customised,
        launched_on,
        status
    from latest
)

select * from products
