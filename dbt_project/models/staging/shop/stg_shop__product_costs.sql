with source as (
    select * from {{ source('shop', 'product_costs') }}
),

renamed as (
    select
        source_system,
        sku,
        valid_from,
        unit_cost,
        currency,
        cost_basis,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
