{{ config(group='warehouse') }}

-- One number per thing: a year is the 12-month column, three years the 36-month one, and no horizon
-- is worth more than all of the future. Fails on any difference; a coin for the rounding of parts.
with horizons as (
    select * from {{ ref('customer_lifetime_value_horizons') }}
),

lifetime_values as (
    select * from {{ ref('customer_lifetime_value') }}
)

select
    horizons.customer_key,
    horizons.horizon_years,
    horizons.clv_margin_nominal,
    horizons.clv_margin_discounted
from horizons
inner join lifetime_values on horizons.customer_key = lifetime_values.customer_key
where
    (
        horizons.horizon_years = 1
        and (
            horizons.clv_margin_nominal
            is distinct from lifetime_values.clv_12m_margin_nominal
            or horizons.clv_margin_discounted
            is distinct from lifetime_values.clv_12m_margin_discounted
        )
    )
    or (
        horizons.horizon_years = 3
        and (
            horizons.clv_margin_nominal
            is distinct from lifetime_values.clv_36m_margin_nominal
            or horizons.clv_margin_discounted
            is distinct from lifetime_values.clv_36m_margin_discounted
        )
    )
    or (
        horizons.horizon_years > 1
        and lifetime_values.margin_rate >= 0
        and horizons.clv_margin_discounted > lifetime_values.clv_residual_margin_discounted + 0.01
    )
