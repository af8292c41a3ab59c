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
        {{ envelope() }}
    from source
)

select * from renamed
