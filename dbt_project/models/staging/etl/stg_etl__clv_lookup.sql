with source as (
    select * from {{ source('etl', 'clv_lookup') }}
),

renamed as (
    select
        run_cutoff_on,
        business_unit,
        model_segment,
        repeat_orders,
        age_days,
        horizon_months,
        discount_rate_annual,
        orders_if_alive,
        orders_if_alive_discounted,
        orders_if_alive_discounted_low_rate,
        orders_if_alive_discounted_high_rate,
        p_order_if_alive
    from source
)

select * from renamed
