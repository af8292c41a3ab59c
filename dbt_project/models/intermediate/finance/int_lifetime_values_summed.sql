{% set forecasts = [
    'expected_orders_12m', 'expected_orders_24m', 'expected_orders_36m',
    'clv_12m_revenue_nominal', 'clv_24m_revenue_nominal', 'clv_36m_revenue_nominal',
    'clv_12m_revenue_discounted', 'clv_24m_revenue_discounted', 'clv_36m_revenue_discounted',
    'clv_12m_margin_nominal', 'clv_24m_margin_nominal', 'clv_36m_margin_nominal',
    'clv_12m_margin_discounted', 'clv_24m_margin_discounted', 'clv_36m_margin_discounted',
    'clv_36m_margin_discounted_rate_minus_1pp', 'clv_36m_margin_discounted_rate_plus_1pp',
    'clv_36m_margin_discounted_margin_minus_10pct', 'clv_36m_margin_discounted_margin_plus_10pct',
    'clv_residual_margin_discounted',
    'clv_residual_margin_discounted_after_60m', 'clv_residual_margin_discounted_after_120m',
    'clv_residual_margin_discounted_rate_minus_1pp', 'clv_residual_margin_discounted_rate_plus_1pp',
] -%}
{% set quantiles = ['clv_12m_margin_nominal_p10', 'clv_12m_margin_nominal_p90'] -%}

with parts as (
    select
        *,
        rule_id in ('CV11_FORECAST', 'CV13_UNIT_AVERAGE') as is_forecast
    from {{ ref('customer_lifetime_value_parts') }}
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
        -- Part of a sum is no sum: null where some unit's forecast does not reach so far.
        case
            when count({{ forecast }}) = sum(case when is_forecast then 1 else 0 end)
                then sum({{ forecast }})
        end as {{ forecast }}
        {%- endfor %}
        {%- for quantile in quantiles %},
        -- Quantiles do not add up: only a single forecast has any.
        case when sum(case when is_forecast then 1 else 0 end) = 1 then max({{ quantile }}) end
            as {{ quantile }}
        {%- endfor %},
        sum(case when is_extrapolated_36m then 1 else 0 end) as extrapolated_units,
        case
            when
                min(case when is_forecast then model end)
                <> max(case when is_forecast then model end) then 'mixed'
            else min(case when is_forecast then model end)
        end as model,
        sum(case when rule_id = 'CV11_FORECAST' then 1 else 0 end) as forecast_units,
        sum(case when rule_id = 'CV13_UNIT_AVERAGE' then 1 else 0 end) as averaged_units,
        sum(case when rule_id = 'CV21_NO_MODEL' then 1 else 0 end) as unmodelled_units,
        sum(case when sufficiency = 'sufficient_with_caveat' then 1 else 0 end) as caveat_units,
        {{ joined_text(
            "case when is_forecast or rule_id = 'CV21_NO_MODEL'"
            ~ " then business_unit || ': ' || sufficiency_reason end",
            "' '",
            'business_unit asc nulls last'
        ) }} as sufficiency_reason
    from parts
    group by customer_key
)

select * from summed
