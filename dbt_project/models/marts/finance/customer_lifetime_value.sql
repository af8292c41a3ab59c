{% set horizons_months = [12, 24, 36] -%}

with customers as (
    select * from {{ ref('customers') }}
),

summed as (
    select * from {{ ref('int_lifetime_values_summed') }}
),

primary_parts as (
    select * from {{ ref('int_lifetime_values_primary') }}
),

excluded as (
    select * from {{ ref('int_clv_exclusions') }}
),

acquisition_costs as (
    select * from {{ ref('int_customer_acquisition_costs') }}
),

ruled as (
    select
        customers.customer_key,
        customers.is_left_censored,
        customers.first_ordered_on,
        customers.purchase_days,
        excluded.sufficiency_reason as exclusion_reason,
        case
            when excluded.rule_id is not null then excluded.rule_id
            when summed.forecast_units > 0 and summed.averaged_units + summed.unmodelled_units > 0
                then 'CV12_PARTLY_FORECAST'
            when summed.forecast_units > 0 then 'CV11_FORECAST'
            when summed.averaged_units > 0 then 'CV13_UNIT_AVERAGE'
            when summed.unmodelled_units > 0 then 'CV21_NO_MODEL'
            else 'CV31_NO_PURCHASE'
        end as rule_id
    from customers
    left join summed on customers.customer_key = summed.customer_key
    left join excluded on customers.customer_key = excluded.customer_key
),

customer_lifetime_value as (
    select
        ruled.customer_key,
        {{ as_of_date() }} as as_of_date,
        '{{ var("reporting_currency") }}' as reporting_currency,
        case
            when not ruled.is_left_censored
                then cast(date_trunc('month', ruled.first_ordered_on) as date)
        end as cohort_month,
        ruled.is_left_censored,
        cast(coalesce(summed.orders, 0) as bigint) as orders,
        ruled.purchase_days,
        cast(coalesce(summed.historic_revenue, 0) as decimal(18, 4)) as historic_revenue,
        cast(coalesce(summed.historic_refunds, 0) as decimal(18, 4)) as historic_refunds,
        cast(coalesce(summed.historic_net_revenue, 0) as decimal(18, 4)) as historic_net_revenue,
        cast(summed.historic_margin as decimal(18, 4)) as historic_margin,
        summed.margin_basis,
        primary_parts.p_alive,
        primary_parts.lapses_on,
        primary_parts.p_order_12m,
        {%- for months in horizons_months %}
        cast(summed.expected_orders_{{ months }}m as decimal(18, 6))
            as expected_orders_{{ months }}m,
        {%- endfor %}
        primary_parts.expected_order_value,
        primary_parts.spend_basis,
        primary_parts.margin_rate,
        {%- for measure in ['revenue_nominal', 'revenue_discounted', 'margin_nominal'] %}
        {%- for months in horizons_months %}
        cast(summed.clv_{{ months }}m_{{ measure }} as decimal(18, 4))
            as clv_{{ months }}m_{{ measure }},
        {%- endfor %}{% endfor %}
        summed.clv_12m_margin_nominal_p10,
        summed.clv_12m_margin_nominal_p90,
        {%- for amount in [
            'clv_12m_margin_discounted', 'clv_24m_margin_discounted', 'clv_36m_margin_discounted',
            'clv_36m_margin_discounted_rate_minus_1pp', 'clv_36m_margin_discounted_rate_plus_1pp',
            'clv_36m_margin_discounted_margin_minus_10pct',
            'clv_36m_margin_discounted_margin_plus_10pct',
            'clv_residual_margin_discounted',
            'clv_residual_margin_discounted_rate_minus_1pp',
            'clv_residual_margin_discounted_rate_plus_1pp',
        ] %}
        cast(summed.{{ amount }} as decimal(18, 4)) as {{ amount }},
        {%- endfor %}
        {%- for months in [60, 120] %}
        cast(
            {{ safe_divide(
                'summed.clv_residual_margin_discounted_after_' ~ months ~ 'm',
                'summed.clv_residual_margin_discounted', 6
            ) }} as decimal(9, 6)
        ) as residual_share_after_{{ months }}m,
        {%- endfor %}
        case when summed.expected_orders_36m is not null then summed.extrapolated_units > 0 end
            as is_extrapolated_36m,
        primary_parts.clv_12m_margin_discounted_if_reactivated,
        cast(summed.historic_margin + summed.clv_residual_margin_discounted as decimal(18, 4))
            as clv_total_margin,
        acquisition_costs.cac,
        acquisition_costs.cac_basis,
        cast(
            {{ safe_divide(
                '(summed.historic_margin + summed.clv_36m_margin_discounted)',
                'acquisition_costs.cac', 6
            ) }}
            as decimal(18, 6)
        ) as clv_to_cac,
        acquisition_costs.payback_month,
        coalesce(summed.model, 'none') as model,
        primary_parts.spend_model,
        primary_parts.model_segment,
        primary_parts.model_run_id,
        primary_parts.choice_code,
        primary_parts.clv_cutoff_on,
        case
            when ruled.rule_id = 'CV12_PARTLY_FORECAST' then 'sufficient_with_caveat'
            when ruled.rule_id <> 'CV11_FORECAST' then 'insufficient'
            when summed.caveat_units > 0 then 'sufficient_with_caveat'
            else 'sufficient'
        end as sufficiency,
        case
            when ruled.exclusion_reason is not null then ruled.exclusion_reason
            when ruled.rule_id = 'CV31_NO_PURCHASE' then 'There is no purchase to forecast from.'
            when ruled.rule_id = 'CV12_PARTLY_FORECAST' and summed.averaged_units > 0
                then
                    summed.sufficiency_reason
                    || ' The average of a unit ends after 12 months, so nothing is summed beyond.'
            else summed.sufficiency_reason
        end as sufficiency_reason,
        cast({{ parameter('clv_discount_rate_annual') }} as decimal(9, 6)) as discount_rate_annual,
        ruled.rule_id,
        {{ reason_json([
            ['primary_unit', 'primary_parts.business_unit'],
            ['model', 'primary_parts.model'],
            ['model_segment', 'primary_parts.model_segment'],
            ['repeat_orders', 'primary_parts.repeat_orders', 'integer'],
            ['recency_days', 'primary_parts.recency_days', 'integer'],
            ['age_days', 'primary_parts.age_days', 'integer'],
            ['spend_occasions', 'primary_parts.spend_occasions', 'integer'],
            ['cutoff_on', 'primary_parts.clv_cutoff_on', 'date'],
        ]) }} as reason,
        {{ rule_version() }} as rule_version,
        {{ params_hash() }} as params_hash
    from ruled
    left join summed on ruled.customer_key = summed.customer_key
    left join primary_parts on ruled.customer_key = primary_parts.customer_key
    left join acquisition_costs on ruled.customer_key = acquisition_costs.customer_key
)

select * from customer_lifetime_value
