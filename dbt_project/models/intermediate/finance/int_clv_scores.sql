{% set horizons_months = [12, 24, 36] -%}

with summaries as (
    select * from {{ ref('int_clv_summaries') }}
),

models as (
    select * from {{ ref('int_clv_models_assigned') }}
),

parameters as (
    select * from {{ ref('int_clv_parameters_in_force') }}
),

orders_expected as (
    select * from {{ ref('int_clv_orders_expected') }}
),

margin_rates as (
    select * from {{ ref('int_margin_rates_realised') }}
),

alive as (
    select * from {{ ref('stg_etl__clv_alive') }}
),

judged as (
    select
        summaries.business_unit,
        summaries.customer_key,
        models.model_segment,
        models.run_cutoff_on,
        summaries.repeat_orders,
        summaries.age_days,
        coalesce(alive.p_alive, cast(1 as double)) as p_alive,
        case models.spend_model
            when 'gamma_gamma' then {{ gamma_gamma_expected_spend(
                'summaries.spend_occasions', 'summaries.mean_spend',
                'parameters.gamma_gamma_p', 'parameters.gamma_gamma_q',
                'parameters.gamma_gamma_gamma'
            ) }}
            when 'unit_mean' then parameters.unit_mean_mean_spend
        end as expected_order_value,
        margin_rates.margin_rate
    from summaries
    inner join models
        on summaries.business_unit = models.business_unit and summaries.segment = models.segment
    inner join parameters
        on
            models.business_unit = parameters.business_unit
            and models.model_segment = parameters.model_segment
    left join alive
        on
            models.business_unit = alive.business_unit
            and models.model_segment = alive.model_segment
            and models.run_cutoff_on = alive.run_cutoff_on
            and summaries.repeat_orders = alive.repeat_orders
            and summaries.recency_days = alive.recency_days
            and summaries.age_days = alive.age_days
            and summaries.spend_occasions = alive.spend_occasions
    left join margin_rates on summaries.business_unit = margin_rates.business_unit
),

-- A forecast is P(alive) times what an active customer of this count and age orders.
forecast as (
    select
        judged.*,
        judged.p_alive * orders_expected.p_order_12m_if_alive as p_order_12m,
        judged.expected_order_value * cast(judged.margin_rate as double) as expected_order_margin
        {%- for months in horizons_months %},
        judged.p_alive * orders_expected.orders_{{ months }}m_if_alive as orders_{{ months }}m,
        judged.p_alive * orders_expected.orders_{{ months }}m_if_alive_discounted
            as orders_{{ months }}m_discounted
        {%- endfor %},
        after_return.orders_12m_if_alive_discounted as orders_12m_discounted_after_return
    from judged
    left join orders_expected
        on
            judged.business_unit = orders_expected.business_unit
            and judged.model_segment = orders_expected.model_segment
            and judged.run_cutoff_on = orders_expected.run_cutoff_on
            and judged.repeat_orders = orders_expected.repeat_orders
            and judged.age_days = orders_expected.age_days
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
        p_alive,
        p_order_12m,
        expected_order_value,
        margin_rate
        {%- for months in horizons_months %},
        orders_{{ months }}m,
        orders_{{ months }}m * expected_order_value as revenue_{{ months }}m,
        orders_{{ months }}m * expected_order_margin as margin_{{ months }}m,
        orders_{{ months }}m_discounted * expected_order_margin as margin_{{ months }}m_discounted
        {%- endfor %},
        -- Whoever comes back orders once today, and is active with one repeat order more.
        (1 + orders_12m_discounted_after_return) * expected_order_margin
            as margin_12m_discounted_if_reactivated
    from forecast
)

select * from scored
