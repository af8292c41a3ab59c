with fits as (
    select * from {{ ref('stg_etl__clv_backtests') }}
    where in_force_from <= {{ as_of_date() }}
),

in_force as (
    select * from {{ ref('int_clv_models_in_force') }}
),

clv_backtests as (
    select
        {{ as_of_date() }} as as_of_date,
        fits.run_cutoff_on,
        fits.business_unit,
        fits.model_segment,
        fits.in_force_from,
        fits.calibration_cutoff_on,
        fits.holdout_days,
        fits.model,
        fits.scope,
        fits.bucket,
        fits.customer_count,
        fits.predicted_orders,
        fits.actual_orders,
        fits.bias,
        fits.mae,
        fits.rmse,
        fits.gini,
        fits.top_decile_capture,
        fits.brier,
        fits.cohort_bias,
        fits.predicted_revenue,
        fits.actual_revenue,
        fits.revenue_bias,
        fits.spend_model,
        fits.is_selected,
        in_force.business_unit is not null as is_in_force
    from fits
    left join in_force
        on
            fits.run_cutoff_on = in_force.run_cutoff_on
            and fits.business_unit = in_force.business_unit
            and fits.model_segment = in_force.model_segment
)

select * from clv_backtests
