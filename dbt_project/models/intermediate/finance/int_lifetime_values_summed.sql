{% set forecasts = [
    'expected_orders_12m', 'expected_orders_24m', 'expected_orders_36m',
    'clv_12m_revenue_nominal', 'clv_24m_revenue_nominal', 'clv_36m_revenue_nominal',
    'clv_12m_margin_nominal', 'clv_24m_margin_nominal', 'clv_36m_margin_nominal',
    'clv_12m_margin_discounted', 'clv_24m_margin_discounted', 'clv_36m_margin_discounted',
] -%}

with parts as (
    select * from {{ ref('customer_lifetime_value_parts') }}
),

-- Decimals only: the sum does not depend on the order of the rows.
summed as (
    select
        customer_key,
        sum(orders) as orders,
        sum(historic_revenue) as historic_revenue,
        sum(historic_refunds) as historic_refunds,
        sum(historic_net_revenue) as historic_net_revenue,
        sum(historic_margin) as historic_margin,
        case
            when min(margin_basis) = max(margin_basis) then min(margin_basis)
            when min(margin_basis) is not null then 'mixed'
        end as margin_basis
        {%- for forecast in forecasts %},
        sum({{ forecast }}) as {{ forecast }}
        {%- endfor %},
        sum(case when rule_id = 'CV11_FORECAST' then 1 else 0 end) as forecast_units,
        sum(case when rule_id = 'CV21_NO_MODEL' then 1 else 0 end) as unmodelled_units,
        sum(case when sufficiency = 'sufficient_with_caveat' then 1 else 0 end) as caveat_units,
        {{ joined_text(
            "case when rule_id in ('CV11_FORECAST', 'CV21_NO_MODEL')"
            ~ " then business_unit || ': ' || sufficiency_reason end",
            "' '",
            'business_unit asc nulls last'
        ) }} as sufficiency_reason
    from parts
    group by customer_key
)

select * from summed
