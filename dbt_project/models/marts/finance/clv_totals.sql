with fits as (
    select * from {{ ref('stg_etl__clv_totals') }}
    where in_force_from <= {{ as_of_date() }}
),

in_force as (
    select * from {{ ref('int_clv_models_in_force') }}
),

clv_totals as (
    select
        {{ as_of_date() }} as as_of_date,
        fits.run_cutoff_on,
        fits.business_unit,
        fits.model_segment,
        fits.in_force_from,
        fits.horizon_months,
        fits.expected_orders,
        fits.expected_orders_p10,
        fits.expected_orders_p90,
        fits.draws,
        fits.customer_count,
        in_force.business_unit is not null as is_in_force
    from fits
    left join in_force
        on
            fits.run_cutoff_on = in_force.run_cutoff_on
            and fits.business_unit = in_force.business_unit
            and fits.model_segment = in_force.model_segment
)

select * from clv_totals
