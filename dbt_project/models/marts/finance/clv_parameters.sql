with fits as (
    select * from {{ ref('stg_etl__clv_parameters') }}
    where in_force_from <= {{ as_of_date() }}
),

models as (
    select * from {{ ref('stg_etl__clv_models') }}
),

in_force as (
    select * from {{ ref('int_clv_models_in_force') }}
),

clv_parameters as (
    select
        {{ as_of_date() }} as as_of_date,
        fits.run_cutoff_on,
        fits.business_unit,
        fits.model_segment,
        fits.in_force_from,
        fits.model,
        fits.parameter,
        fits.estimate,
        fits.standard_error,
        fits.covariance,
        fits.log_likelihood,
        fits.customer_count,
        fits.is_selected,
        models.choice_code,
        models.choice_reason,
        models.sufficiency,
        models.sufficiency_code,
        models.sufficiency_reason,
        in_force.business_unit is not null as is_in_force
    from fits
    left join models
        on
            fits.run_cutoff_on = models.run_cutoff_on
            and fits.business_unit = models.business_unit
            and fits.model_segment = models.model_segment
    left join in_force
        on
            fits.run_cutoff_on = in_force.run_cutoff_on
            and fits.business_unit = in_force.business_unit
            and fits.model_segment = in_force.model_segment
)

select * from clv_parameters
