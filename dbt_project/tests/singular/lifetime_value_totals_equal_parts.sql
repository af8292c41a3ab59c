{{ config(group='warehouse') }}

-- A customer's value is the sum of the parts, past and future, to the last digit.
with parts as (
    select
        customer_key,
        sum(historic_margin) as historic_margin,
        sum(expected_orders_12m) as expected_orders_12m,
        sum(clv_12m_revenue_discounted) as clv_12m_revenue_discounted,
        sum(clv_12m_margin_nominal) as clv_12m_margin_nominal,
        sum(clv_12m_margin_discounted) as clv_12m_margin_discounted,
        sum(clv_36m_margin_discounted) as clv_36m_margin_discounted,
        sum(clv_36m_margin_discounted_rate_minus_1pp)
            as clv_36m_margin_discounted_rate_minus_1pp,
        sum(clv_36m_margin_discounted_margin_plus_10pct)
            as clv_36m_margin_discounted_margin_plus_10pct,
        sum(clv_residual_margin_discounted) as clv_residual_margin_discounted,
        sum(clv_residual_margin_discounted_rate_plus_1pp)
            as clv_residual_margin_discounted_rate_plus_1pp
    from {{ ref('customer_lifetime_value_parts') }}
    group by customer_key
),

totals as (
    select * from {{ ref('customer_lifetime_value') }}
)

select
    totals.customer_key,
    totals.clv_residual_margin_discounted,
    parts.clv_residual_margin_discounted as clv_residual_margin_discounted_of_parts
from totals
left join parts on totals.customer_key = parts.customer_key
where
    totals.historic_margin is distinct from parts.historic_margin
    or totals.expected_orders_12m is distinct from parts.expected_orders_12m
    or totals.clv_12m_revenue_discounted is distinct from parts.clv_12m_revenue_discounted
    or totals.clv_12m_margin_nominal is distinct from parts.clv_12m_margin_nominal
    or totals.clv_12m_margin_discounted is distinct from parts.clv_12m_margin_discounted
    or totals.clv_36m_margin_discounted is distinct from parts.clv_36m_margin_discounted
    or totals.clv_36m_margin_discounted_rate_minus_1pp
    is distinct from parts.clv_36m_margin_discounted_rate_minus_1pp
    or totals.clv_36m_margin_discounted_margin_plus_10pct
    is distinct from parts.clv_36m_margin_discounted_margin_plus_10pct
    or totals.clv_residual_margin_discounted
    is distinct from parts.clv_residual_margin_discounted
    or totals.clv_residual_margin_discounted_rate_plus_1pp
    is distinct from parts.clv_residual_margin_discounted_rate_plus_1pp
