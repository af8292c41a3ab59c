-- title: Which model values the customers
-- audience: finance
-- answers: Which model values the customers of each shop, why, and how far off would it have been?
-- reads: clv_parameters, clv_backtests
with fits as (
    select distinct
        business_unit,
        model_segment,
        run_cutoff_on,
        model,
        choice_code,
        choice_reason,
        sufficiency_code,
        customer_count
    from clv_parameters
    where is_in_force and is_selected and model not in ('gamma_gamma', 'unit_mean')
),

errors as (
    select
        business_unit,
        model_segment,
        max(case when is_selected then rmse end) as rmse,
        max(case when is_selected then bias end) as bias,
        max(case when is_selected then revenue_bias end) as revenue_bias,
        max(case when is_selected then cohort_bias end) as cohort_bias,
        min(
            case
                when not is_selected and model in ('bg_nbd', 'mbg_nbd', 'pareto_nbd') then rmse
            end
        ) as best_losing_rmse,
        max(case when model = 'naive_rate' then rmse end) as naive_rmse
    from clv_backtests
    where is_in_force and scope = 'total'
    group by business_unit, model_segment
)

select
    fits.business_unit,
    fits.model_segment,
    fits.model,
    fits.choice_code,
    fits.customer_count,
    round(errors.rmse, 4) as rmse,
    round(errors.best_losing_rmse, 4) as best_losing_rmse,
    round(errors.naive_rmse, 4) as naive_rmse,
    round(errors.bias, 4) as bias,
    round(errors.revenue_bias, 4) as revenue_bias,
    round(errors.cohort_bias, 4) as cohort_bias,
    fits.sufficiency_code,
    fits.run_cutoff_on,
    fits.choice_reason
from fits
left join errors
    on fits.business_unit = errors.business_unit and fits.model_segment = errors.model_segment
order by fits.business_unit asc nulls last, fits.model_segment asc nulls last
