{{ config(group='warehouse') }}

{% set forecasts = [
    'expected_orders_12m',
    'expected_orders_36m',
    'clv_12m_revenue_discounted',
    'clv_12m_margin_nominal',
    'clv_12m_margin_discounted',
    'clv_24m_margin_nominal',
    'clv_36m_margin_discounted',
    'clv_36m_margin_discounted_rate_minus_1pp',
    'clv_36m_margin_discounted_margin_plus_10pct',
    'clv_residual_margin_discounted',
    'clv_residual_margin_discounted_rate_plus_1pp',
] -%}

-- A customer's value is the sum of the parts, past and future, to the last digit; and nothing where
-- a unit with a forecast has none so far ahead.
with parts as (
    select
        customer_key,
        {%- for forecast in forecasts %}
        case
            when sum(case when model <> 'none' and {{ forecast }} is null then 1 else 0 end) = 0
                then sum({{ forecast }})
        end as {{ forecast }},
        {%- endfor %}
        sum(historic_margin) as historic_margin
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
    {%- for forecast in forecasts %}
    or totals.{{ forecast }} is distinct from parts.{{ forecast }}
    {%- endfor %}
