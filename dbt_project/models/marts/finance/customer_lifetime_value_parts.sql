{% set horizons_months = [12, 24, 36] -%}

with units as (
    select * from {{ ref('int_customer_units_valued') }}
),

ruled as (
    select * from {{ ref('int_lifetime_values_ruled') }}
),

scores as (
    select * from {{ ref('int_clv_scores') }}
),

valued as (
    select
        units.*,
        ruled.segment,
        ruled.repeat_orders,
        ruled.recency_days,
        ruled.age_days,
        ruled.spend_occasions,
        cast(scores.p_alive as decimal(9, 6)) as p_alive,
        -- Where P(alive) falls to the threshold only after half a century, it never does.
        case
            when scores.lapse_gap_days <= 50 * 365.25
                then {{ date_plus(
                    date_plus('ruled.first_ordered_on', 'ruled.recency_days'),
                    'ceil(scores.lapse_gap_days)'
                ) }}
        end as lapses_on,
        cast(scores.p_order_12m as decimal(9, 6)) as p_order_12m,
        {{ money('scores.expected_order_value') }} as expected_order_value,
        cast(scores.margin_rate as decimal(9, 6)) as margin_rate
        {%- for months in horizons_months %},
        cast(scores.orders_{{ months }}m as decimal(18, 6)) as expected_orders_{{ months }}m,
        {{ money('scores.revenue_' ~ months ~ 'm') }} as clv_{{ months }}m_revenue_nominal,
        {{ money('scores.revenue_' ~ months ~ 'm_discounted') }}
            as clv_{{ months }}m_revenue_discounted,
        {{ money('scores.margin_' ~ months ~ 'm') }} as clv_{{ months }}m_margin_nominal
        {%- endfor %}
        {%- for horizon in ['12m', '24m', '36m', '60m', '120m', 'residual'] %},
        {{ money('scores.margin_' ~ horizon ~ '_discounted') }}
            as clv_{{ horizon }}_margin_discounted
        {%- endfor %}
        {%- for horizon in ['36m', 'residual'] %},
        {{ money('scores.margin_' ~ horizon ~ '_discounted_low_rate') }}
            as clv_{{ horizon }}_margin_discounted_rate_minus_1pp,
        {{ money('scores.margin_' ~ horizon ~ '_discounted_high_rate') }}
            as clv_{{ horizon }}_margin_discounted_rate_plus_1pp
        {%- endfor %},
        -- With a negative margin rate the most spent is the least earned.
        {{ money(
            'least(scores.revenue_12m_p10 * scores.margin_rate, '
            ~ 'scores.revenue_12m_p90 * scores.margin_rate)'
        ) }} as clv_12m_margin_nominal_p10,
        {{ money(
            'greatest(scores.revenue_12m_p10 * scores.margin_rate, '
            ~ 'scores.revenue_12m_p90 * scores.margin_rate)'
        ) }} as clv_12m_margin_nominal_p90,
        {{ money('scores.margin_12m_discounted_if_reactivated') }}
            as clv_12m_margin_discounted_if_reactivated,
        case
            when scores.orders_36m is not null
                then
                    36 * 30.4375
                    > {{ parameter('clv_extrapolation_ratio') }} * ruled.history_days
        end as is_extrapolated_36m,
        ruled.model,
        ruled.spend_model,
        ruled.spend_basis,
        ruled.model_segment,
        ruled.model_run_id,
        ruled.choice_code,
        ruled.clv_cutoff_on,
        ruled.sufficiency,
        ruled.sufficiency_code,
        ruled.sufficiency_reason,
        ruled.rule_id
    from units
    inner join ruled
        on
            units.customer_key = ruled.customer_key
            and units.business_unit = ruled.business_unit
    left join scores
        on
            ruled.customer_key = scores.customer_key
            and ruled.business_unit = scores.business_unit
            and ruled.is_forecast
),

customer_lifetime_value_parts as (
    select
        customer_key,
        business_unit,
        {{ as_of_date() }} as as_of_date,
        segment,
        orders,
        purchase_days,
        historic_revenue,
        historic_refunds,
        historic_net_revenue,
        historic_margin,
        margin_basis,
        repeat_orders,
        recency_days,
        age_days,
        spend_occasions,
        p_alive,
        lapses_on,
        p_order_12m,
        expected_orders_12m,
        expected_orders_24m,
        expected_orders_36m,
        expected_order_value,
        spend_basis,
        margin_rate,
        clv_12m_revenue_nominal,
        clv_24m_revenue_nominal,
        clv_36m_revenue_nominal,
        clv_12m_revenue_discounted,
        clv_24m_revenue_discounted,
        clv_36m_revenue_discounted,
        clv_12m_margin_nominal,
        clv_24m_margin_nominal,
        clv_36m_margin_nominal,
        clv_12m_margin_nominal_p10,
        clv_12m_margin_nominal_p90,
        clv_12m_margin_discounted,
        clv_24m_margin_discounted,
        clv_36m_margin_discounted,
        clv_36m_margin_discounted_rate_minus_1pp,
        clv_36m_margin_discounted_rate_plus_1pp,
        {{ money_mul('clv_36m_margin_discounted', '0.9') }}
            as clv_36m_margin_discounted_margin_minus_10pct,
        {{ money_mul('clv_36m_margin_discounted', '1.1') }}
            as clv_36m_margin_discounted_margin_plus_10pct,
        is_extrapolated_36m,
        clv_residual_margin_discounted,
        cast(clv_residual_margin_discounted - clv_60m_margin_discounted as decimal(18, 4))
            as clv_residual_margin_discounted_after_60m,
        cast(clv_residual_margin_discounted - clv_120m_margin_discounted as decimal(18, 4))
            as clv_residual_margin_discounted_after_120m,
        clv_residual_margin_discounted_rate_minus_1pp,
        clv_residual_margin_discounted_rate_plus_1pp,
        clv_12m_margin_discounted_if_reactivated,
        cast(historic_margin + clv_residual_margin_discounted as decimal(18, 4))
            as clv_total_margin,
        model,
        spend_model,
        model_segment,
        model_run_id,
        choice_code,
        clv_cutoff_on,
        sufficiency,
        sufficiency_code,
        sufficiency_reason,
        rule_id
    from valued
)

select * from customer_lifetime_value_parts
