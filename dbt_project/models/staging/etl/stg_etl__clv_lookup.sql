with source as (
    select * from {{ source('etl', 'clv_lookup') }}
),

renamed as (
    select
        run_cutoff_on,
        business_unit,
        repeat_orders,
        age_days,
        horizon_months,
        discount_rate_annual,
        expected_orders_if_alive,
        expected_orders_if_alive_discounted
    from source
)

select * from renamed
