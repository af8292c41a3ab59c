-- The older part of each history and what came after it, of the units that are to be fitted.
-- One row per business unit and customer.
select
    business_unit,
    segment,
    repeat_orders,
    recency_days,
    age_days,
    spend_occasions,
    mean_spend::double as mean_spend,
    first_ordered_on,
    history_starts_on,
    recent_repeat_orders,
    first_spend::double as first_spend,
    calibration_cutoff_on,
    cohort,
    holdout_days,
    holdout_orders,
    holdout_revenue
from intermediate.int_clv_calibrations
where list_contains($business_units::varchar[], business_unit)
order by business_unit asc nulls last, customer_key asc nulls last
