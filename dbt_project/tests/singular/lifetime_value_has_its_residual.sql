{{ config(group='warehouse') }}

-- Whoever a fitted model forecasts has a value without end, unless nothing is discounted or the
-- margin is unknown: a sum without end then does not exist.
select
    customer_key,
    business_unit
from {{ ref('customer_lifetime_value_parts') }}
where
    rule_id = 'CV11_FORECAST'
    and margin_rate is not null
    and clv_residual_margin_discounted is null
    and {{ parameter('clv_discount_rate_annual') }} >= 0.00001
