{{ config(group='warehouse') }}

-- No 12 or 36 months are worth more than the whole future, where no unit of the customer sells at a
-- loss; a part of the future beyond five years is not more than all of it.
with gainful as (
    select customer_key
    from {{ ref('customer_lifetime_value_parts') }}
    where model <> 'none'
    group by customer_key
    having min(margin_rate) >= 0
),

lifetime_values as (
    select * from {{ ref('customer_lifetime_value') }}
)

select
    lifetime_values.customer_key,
    lifetime_values.clv_12m_margin_discounted,
    lifetime_values.clv_36m_margin_discounted,
    lifetime_values.clv_residual_margin_discounted
from lifetime_values
inner join gainful on lifetime_values.customer_key = gainful.customer_key
where
    lifetime_values.clv_12m_margin_discounted > lifetime_values.clv_36m_margin_discounted
    or lifetime_values.clv_36m_margin_discounted > lifetime_values.clv_residual_margin_discounted
    or lifetime_values.residual_share_after_60m > 1
