{% set sides = {
    'postings': 'sales and refunds, each on its own day',
    'customer_parts': 'customer_lifetime_value_parts, historic, and guests',
    'customers': 'customer_lifetime_value, historic, and guests',
    'cohorts': 'clv_cohorts, all lines, incremental columns',
    'concentration': 'revenue_concentration, lifetime, with guests and internal customers',
} -%}
{%- set forecasts = {
    'forecast_12m_margin_by_customers':
        'customer_lifetime_value_parts, clv_12m_margin_nominal = customer_lifetime_value',
    'forecast_12m_margin_by_horizons':
        'customer_lifetime_value_parts, clv_12m_margin_nominal = customer_lifetime_value_horizons, 1 year',
    'forecast_12m_revenue_by_customers':
        'customer_lifetime_value_parts, clv_12m_revenue_nominal = customer_lifetime_value',
} -%}
{%- set others = {
    'refunded_revenue_by_refunds': 'orders, refunded_revenue = refunds of counted orders',
    'marketing_costs_by_channel':
        'marketing spend and campaigns = acquisition_retention_costs, all kinds',
    'control_total_of_orders_in_lake':
        'a control total, no amount of money: order totals as stated, every version, currencies added,'
        ~ ' accepted from deliveries = in the lake',
} -%}

with ledgers as (
    select * from {{ ref('int_ledger_amounts_stacked') }}
),

forecasts as (
    select * from {{ ref('int_forecast_amounts_stacked') }}
),

others as (
    select * from {{ ref('int_record_amounts_compared') }}
),

-- One row per side that takes part; the other side's amount is null on it.
entries as (
    {%- for measure in ['net_revenue', 'margin'] %}{% for side, description in sides.items() %}
    select
        '{{ measure }}_by_{{ side }}' as check_name,
        'orders = {{ description }}' as description,
        business_unit,
        case when side = 'orders' then {{ measure }} end as left_amount,
        case when side = '{{ side }}' then {{ measure }} end as right_amount
    from ledgers
    where
        side in ('orders', '{{ side }}')
        {{ "and business_unit = 'all'" if side == 'customers' }}
    union all
    {%- endfor %}{% endfor %}
    {%- for name, description in forecasts.items() %}
    {%- set measure, side = name.split('_by_') %}
    select
        '{{ name }}' as check_name,
        '{{ description }}' as description,
        business_unit,
        case when side = 'parts' then {{ measure }} end as left_amount,
        case when side = '{{ side }}' then {{ measure }} end as right_amount
    from forecasts
    where side in ('parts', '{{ side }}')
    union all
    {%- endfor %}
    select
        check_name,
        case check_name
            {%- for name, description in others.items() %}
            when '{{ name }}' then '{{ description }}'
            {%- endfor %}
        end as description,
        business_unit,
        left_amount,
        right_amount
    from others
),

summed as (
    select
        check_name,
        business_unit,
        description,
        cast(coalesce(sum(left_amount), 0) as decimal(18, 4)) as left_amount,
        cast(coalesce(sum(right_amount), 0) as decimal(18, 4)) as right_amount
    from entries
    group by check_name, business_unit, description
),

reconciliation as (
    select
        {{ as_of_date() }} as as_of_date,
        check_name,
        business_unit,
        description,
        left_amount,
        right_amount,
        cast(left_amount - right_amount as decimal(18, 4)) as difference
    from summed
)

select * from reconciliation
