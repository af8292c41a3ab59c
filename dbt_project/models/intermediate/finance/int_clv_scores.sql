{% set horizons_months = [12, 24, 36] -%}

with summaries as (
    select * from {{ ref('int_clv_summaries') }}
),

models as (
    select * from {{ ref('int_clv_models_assigned') }}
    where model <> 'none'
),

parameters as (
    select * from {{ ref('int_clv_parameters_in_force') }}
),

histories as (
    select * from {{ ref('stg_etl__clv_alive') }}
),

orders_expected as (
    select * from {{ ref('int_clv_orders_expected') }}
),

margin_rates as (
    select * from {{ ref('int_margin_rates_realised') }}
),

judged as (
    select
        summaries.business_unit,
        summaries.customer_key,
        models.model_segment,
        models.run_cutoff_on,
        models.model,
        summaries.repeat_orders,
        summaries.age_days,
        histories.p_alive,
        -- Whom no model calls inactive is counted in full.
        coalesce(histories.p_alive, cast(1 as double)) as alive,
        histories.lapse_gap_days,
        {{ gamma_gamma_pooled_spend(
            'summaries.spend_occasions', 'summaries.mean_spend', 'parameters.gamma_gamma_gamma'
        ) }} as pooled_spend,
        histories.spend_p10_factor,
        histories.spend_p90_factor,
        case
            when models.spend_model = 'gamma_gamma'
                then {{ gamma_gamma_expected_spend(
                    'summaries.spend_occasions', 'summaries.mean_spend',
                    'parameters.gamma_gamma_p', 'parameters.gamma_gamma_q',
                    'parameters.gamma_gamma_gamma'
                ) }}
            else parameters.unit_mean_mean_spend
        end as expected_order_value,
        margin_rates.margin_rate
    from summaries
    inner join models
        on
            summaries.business_unit = models.business_unit
            and summaries.segment = models.segment
    left join parameters
        on
            models.business_unit = parameters.business_unit
            and models.model_segment = parameters.model_segment
            and models.run_cutoff_on = parameters.run_cutoff_on
    left join histories
        on
            models.business_unit = histories.business_unit
            and models.model_segment = histories.model_segment
            and models.run_cutoff_on = histories.run_cutoff_on
            and summaries.repeat_orders = histories.repeat_orders
            and summaries.recency_days = histories.recency_days
            and summaries.age_days = histories.age_days
            and summaries.spend_occasions = histories.spend_occasions
    left join margin_rates on summaries.business_unit = margin_rates.business_unit
),

-- A forecast is P(alive) times what an active customer of this count and age orders.
forecast as (
    select
        judged.*,
        judged.expected_order_value * cast(judged.margin_rate as double) as expected_order_margin,
        judged.alive * expected.p_order_if_alive_12m as p_order_12m
        {%- for months in horizons_months %},
        judged.alive * expected.orders_if_alive_{{ months }}m as orders_{{ months }}m
        {%- endfor %}
        {%- for months in horizons_months + [60, 120] %},
        judged.alive * expected.orders_if_alive_discounted_{{ months }}m
            as orders_{{ months }}m_discounted
        {%- endfor %}
        {%- for rate in ['low_rate', 'high_rate'] %},
        judged.alive * expected.orders_if_alive_discounted_{{ rate }}_36m
            as orders_36m_discounted_{{ rate }},
        judged.alive * expected.residual_orders_if_alive_discounted_{{ rate }}
            as orders_residual_discounted_{{ rate }}
        {%- endfor %},
        judged.alive * expected.residual_orders_if_alive_discounted as orders_residual_discounted,
        after_return.orders_if_alive_discounted_12m as orders_12m_discounted_after_return
    from judged
    left join orders_expected as expected
        on
            judged.business_unit = expected.business_unit
            and judged.model_segment = expected.model_segment
            and judged.run_cutoff_on = expected.run_cutoff_on
            and judged.repeat_orders = expected.repeat_orders
            and judged.age_days = expected.age_days
    left join orders_expected as after_return
        on
            judged.business_unit = after_return.business_unit
            and judged.model_segment = after_return.model_segment
            and judged.run_cutoff_on = after_return.run_cutoff_on
            and judged.repeat_orders + 1 = after_return.repeat_orders
            and judged.age_days = after_return.age_days
),

scored as (
    select
        business_unit,
        customer_key,
        model_segment,
        run_cutoff_on,
        model,
        repeat_orders,
        age_days,
        p_alive,
        alive,
        lapse_gap_days,
        p_order_12m,
        expected_order_value,
        margin_rate,
        expected_order_margin
        {%- for months in horizons_months %},
        orders_{{ months }}m,
        orders_{{ months }}m * expected_order_value as revenue_{{ months }}m,
        orders_{{ months }}m_discounted * expected_order_value as revenue_{{ months }}m_discounted,
        orders_{{ months }}m * expected_order_margin as margin_{{ months }}m
        {%- endfor %}
        {%- for measure in [
            '12m_discounted', '24m_discounted', '36m_discounted',
            '36m_discounted_low_rate', '36m_discounted_high_rate',
            '60m_discounted', '120m_discounted',
            'residual_discounted', 'residual_discounted_low_rate', 'residual_discounted_high_rate'
        ] %},
        orders_{{ measure }} * expected_order_margin as margin_{{ measure }}
        {%- endfor %},
        spend_p10_factor * pooled_spend as revenue_12m_p10,
        spend_p90_factor * pooled_spend as revenue_12m_p90,
        -- Whoever comes back orders once today, and is active with one repeat order more.
        (1 + orders_12m_discounted_after_return) * expected_order_margin
            as margin_12m_discounted_if_reactivated
    from forecast
)

select * from scored
