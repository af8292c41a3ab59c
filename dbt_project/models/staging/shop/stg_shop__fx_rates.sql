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
        {{ envelope() }}
    from source
)

select * from renamed
