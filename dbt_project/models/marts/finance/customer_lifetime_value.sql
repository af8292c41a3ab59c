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

ruled as (
    select
        customers.customer_key,
        customers.is_left_censored,
        customers.first_ordered_on,
        customers.purchase_days,
        case
            when excluded.rule_id is not null then excluded.rule_id
            when summed.forecast_units > 0 and summed.unmodelled_units > 0
                then 'CV12_PARTLY_FORECAST'
            when summed.forecast_units > 0 then 'CV11_FORECAST'
            when summed.unmodelled_units > 0 then 'CV21_NO_MODEL'
            else 'CV31_NO_PURCHASE'
        end as rule_id
    from customers
    left join summed on customers.customer_key = summed.customer_key
    left join excluded on customers.customer_key = excluded.customer_key
),

judged as (
    select
        *,
        rule_id in ('CV11_FORECAST', 'CV12_PARTLY_FORECAST') as is_forecast
    from ruled
),

customer_lifetime_value as (
    select
        judged.customer_key,
        {{ as_of_date() }} as as_of_date,
        '{{ var("reporting_currency") }}' as reporting_currency,
        case
            when not judged.is_left_censored
                then cast(date_trunc('month', judged.first_ordered_on) as date)
        end as cohort_month,
        judged.is_left_censored,
        cast(coalesce(summed.orders, 0) as bigint) as orders,
        judged.purchase_days,
        cast(coalesce(summed.historic_revenue, 0) as decimal(18, 4)) as historic_revenue,
        cast(coalesce(summed.historic_refunds, 0) as decimal(18, 4)) as historic_refunds,
        cast(coalesce(summed.historic_net_revenue, 0) as decimal(18, 4)) as historic_net_revenue,
        cast(summed.historic_margin as decimal(18, 4)) as historic_margin,
        summed.margin_basis,
        primary_parts.p_alive,
        primary_parts.p_order_12m,
        primary_parts.expected_order_value,
        primary_parts.margin_rate
        {%- for months in horizons_months %},
        cast(summed.expected_orders_{{ months }}m as decimal(18, 6))
            as expected_orders_{{ months }}m,
        cast(summed.clv_{{ months }}m_revenue_nominal as decimal(18, 4))
            as clv_{{ months }}m_revenue_nominal,
        cast(summed.clv_{{ months }}m_margin_nominal as decimal(18, 4))
            as clv_{{ months }}m_margin_nominal,
        cast(summed.clv_{{ months }}m_margin_discounted as decimal(18, 4))
            as clv_{{ months }}m_margin_discounted
        {%- endfor %},
        primary_parts.clv_12m_margin_discounted_if_reactivated,
        cast(summed.historic_margin + summed.clv_36m_margin_discounted as decimal(18, 4))
            as clv_total_margin,
        case when judged.is_forecast then 'bg_nbd+gamma_gamma' else 'none' end as model,
        primary_parts.clv_cutoff_on,
        case
            when not judged.is_forecast then 'insufficient'
            when judged.rule_id = 'CV12_PARTLY_FORECAST' or summed.caveat_units > 0
                then 'sufficient_with_caveat'
            else 'sufficient'
        end as sufficiency,
        case
            when judged.rule_id like 'CV4%' then 'No forecast is made for this person.'
            when judged.rule_id = 'CV31_NO_PURCHASE' then 'There is no purchase to forecast from.'
            else summed.sufficiency_reason
        end as sufficiency_reason,
        cast({{ parameter('clv_discount_rate_annual') }} as decimal(9, 6)) as discount_rate_annual,
        judged.rule_id,
        {{ reason_json([
            ['primary_unit', 'primary_parts.business_unit'],
            ['repeat_orders', 'primary_parts.repeat_orders', 'integer'],
            ['recency_days', 'primary_parts.recency_days', 'integer'],
            ['age_days', 'primary_parts.age_days', 'integer'],
            ['p_alive', 'primary_parts.p_alive', 'decimal'],
            ['expected_order_value', 'primary_parts.expected_order_value', 'decimal'],
            ['margin_rate', 'primary_parts.margin_rate', 'decimal'],
            ['cutoff_on', 'primary_parts.clv_cutoff_on', 'date'],
        ]) }} as reason,
        {{ rule_version() }} as rule_version,
        {{ params_hash() }} as params_hash
    from judged
    left join summed on judged.customer_key = summed.customer_key
    left join primary_parts on judged.customer_key = primary_parts.customer_key
)

select * from customer_lifetime_value
