with source as (
    select * from {{ source('etl', 'clv_totals') }}
),

renamed as (
    select
        run_cutoff_on,
        business_unit,
        model_segment,
        in_force_from,
        horizon_months,
        expected_orders,
        expected_orders_p10,
        expected_orders_p90,
        draws,
        customers as customer_count
    from source
)

select * from renamed
