{% set horizons_months = [12, 24, 36] -%}

with units as (
    select * from {{ ref('int_customer_units_valued') }}
),

summaries as (
    select * from {{ ref('int_clv_summaries') }}
),

excluded as (
    select * from {{ ref('int_clv_exclusions') }}
),

models as (
    select * from {{ ref('int_clv_models_assigned') }}
),

scores as (
    select * from {{ ref('int_clv_scores') }}
),

ruled as (
    select
        units.*,
        summaries.repeat_orders,
        summaries.recency_days,
        summaries.age_days,
        models.run_cutoff_on,
        models.sufficiency as unit_sufficiency,
        models.sufficiency_reason as unit_sufficiency_reason,
        case
            when excluded.rule_id is not null then excluded.rule_id
            when summaries.customer_key is null then 'CV31_NO_PURCHASE'
            when models.model <> 'none' then 'CV11_FORECAST'
            else 'CV21_NO_MODEL'
        end as rule_id
    from units
    left join summaries
        on
            units.customer_key = summaries.customer_key
            and units.business_unit = summaries.business_unit
    left join excluded on units.customer_key = excluded.customer_key
    left join models
        on summaries.business_unit = models.business_unit and summaries.segment = models.segment
),

forecast as (
    select
        ruled.*,
        cast(scores.p_alive as decimal(9, 6)) as p_alive,
        cast(scores.p_order_12m as decimal(9, 6)) as p_order_12m,
        {{ money('scores.expected_order_value') }} as expected_order_value,
        cast(scores.margin_rate as decimal(9, 6)) as margin_rate
        {%- for months in horizons_months %},
        cast(scores.orders_{{ months }}m as decimal(18, 6)) as expected_orders_{{ months }}m,
        {{ money('scores.revenue_' ~ months ~ 'm') }} as clv_{{ months }}m_revenue_nominal,
        {{ money('scores.margin_' ~ months ~ 'm') }} as clv_{{ months }}m_margin_nominal,
        {{ money('scores.margin_' ~ months ~ 'm_discounted') }}
            as clv_{{ months }}m_margin_discounted
        {%- endfor %},
        {{ money('scores.margin_12m_discounted_if_reactivated') }}
            as clv_12m_margin_discounted_if_reactivated
    from ruled
    left join scores
        on
            ruled.customer_key = scores.customer_key
            and ruled.business_unit = scores.business_unit
            and ruled.rule_id = 'CV11_FORECAST'
),

customer_lifetime_value_parts as (
    select
        customer_key,
        business_unit,
        {{ as_of_date() }} as as_of_date,
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
        p_alive,
        p_order_12m,
        expected_orders_12m,
        expected_orders_24m,
        expected_orders_36m,
        expected_order_value,
        margin_rate,
        clv_12m_revenue_nominal,
        clv_24m_revenue_nominal,
        clv_36m_revenue_nominal,
        clv_12m_margin_nominal,
        clv_24m_margin_nominal,
        clv_36m_margin_nominal,
        clv_12m_margin_discounted,
        clv_24m_margin_discounted,
        clv_36m_margin_discounted,
        clv_12m_margin_discounted_if_reactivated,
        case when rule_id = 'CV11_FORECAST' then 'bg_nbd+gamma_gamma' else 'none' end as model,
        case when rule_id = 'CV11_FORECAST' then run_cutoff_on end as clv_cutoff_on,
        case when rule_id = 'CV11_FORECAST' then unit_sufficiency else 'insufficient' end
            as sufficiency,
        case
            when rule_id in ('CV11_FORECAST', 'CV21_NO_MODEL')
                then coalesce(unit_sufficiency_reason, 'No model was fitted for this unit yet.')
            when rule_id = 'CV31_NO_PURCHASE' then 'Every order came back whole or was no purchase.'
            else 'No forecast is made for this person.'
        end as sufficiency_reason,
        rule_id
    from forecast
)

select * from customer_lifetime_value_parts
