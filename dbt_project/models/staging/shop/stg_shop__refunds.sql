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
        {{ envelope() }}
    from source
)

select * from renamed
