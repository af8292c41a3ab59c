{{ config(group='warehouse') }}

-- A customer's value is the sum of the parts, past and future, to the last digit.
with parts as (
    select
        customer_key,
        sum(historic_margin) as historic_margin,
        sum(clv_36m_margin_discounted) as clv_36m_margin_discounted,
        sum(expected_orders_12m) as expected_orders_12m
    from {{ ref('customer_lifetime_value_parts') }}
    group by customer_key
),

totals as (
    select * from {{ ref('customer_lifetime_value') }}
)

select
    totals.customer_key,
    totals.clv_36m_margin_discounted,
    parts.clv_36m_margin_discounted as clv_36m_margin_discounted_of_parts
from totals
left join parts on totals.customer_key = parts.customer_key
where
    totals.historic_margin is distinct from parts.historic_margin
    or totals.clv_36m_margin_discounted is distinct from parts.clv_36m_margin_discounted
    or totals.expected_orders_12m is distinct from parts.expected_orders_12m
