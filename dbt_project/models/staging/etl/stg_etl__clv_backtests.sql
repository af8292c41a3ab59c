with source as (
    select * from {{ source('etl', 'clv_backtests') }}
),

renamed as (
    select
        run_cutoff_on,
        business_unit,
        model_segment,
        in_force_from,
        calibration_cutoff_on,
        holdout_days,
        model,
        scope,
        bucket,
        customers as customer_count,
        predicted_orders,
        actual_orders,
        bias,
        mae,
        rmse,
        gini,
        top_decile_capture,
        brier,
        is_selected,
        cohort_bias,
        {{ money('predicted_revenue') }} as predicted_revenue,
        actual_revenue,
        revenue_bias,
        spend_model
    from source
)

select * from renamed
