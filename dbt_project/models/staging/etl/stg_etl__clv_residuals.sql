with source as (
    select * from {{ source('etl', 'clv_residuals') }}
),

renamed as (
    select
        run_cutoff_on,
        business_unit,
        model_segment,
        repeat_orders,
        age_days,
        residual_orders_if_alive_discounted,
        residual_orders_if_alive_discounted_low_rate,
        residual_orders_if_alive_discounted_high_rate
    from source
)

select * from renamed
