{% set sides = {
    'postings': 'sales and refunds, each on its own day',
    'customer_parts': 'customer_lifetime_value_parts, historic, and guests',
    'customers': 'customer_lifetime_value, historic, and guests',
    'cohorts': 'clv_cohorts, all lines, incremental columns',
    'concentration': 'revenue_concentration, lifetime, with guests and internal customers',
} -%}

with ledgers as (
    select * from {{ ref('int_ledger_amounts_stacked') }}
),

orders as (
    select * from {{ ref('orders') }}
),

refunds as (
    select * from {{ ref('refunds') }}
    where is_counted
),

marketing_spend as (
    select * from {{ ref('int_marketing_spend_rated') }}
    where spent_on <= {{ as_of_date() }}
),

campaigns as (
    select * from {{ ref('int_campaigns_rated') }}
    where spent_on <= {{ as_of_date() }}
),

channel_costs as (
    select * from {{ ref('acquisition_retention_costs') }}
    where channel <> 'all'
),

deliveries as (
    select * from {{ ref('stg_etl__loads') }}
    where table_name = 'orders'
),

lake as (
    select * from {{ ref('stg_shop__orders') }}
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
    select
        'refunded_revenue_by_refunds' as check_name,
        'orders, refunded_revenue = refunds of counted orders' as description,
        business_unit,
        refunded_revenue as left_amount,
        null as right_amount
    from orders
    union all
    select
        'refunded_revenue_by_refunds' as check_name,
        'orders, refunded_revenue = refunds of counted orders' as description,
        business_unit,
        null as left_amount,
        refunded_revenue as right_amount
    from refunds
    union all
    select
        'marketing_costs_by_channel' as check_name,
        'marketing spend and campaigns = acquisition_retention_costs, all kinds' as description,
        'all' as business_unit,
        {{ to_reporting('amount', 'exchange_rate') }} as left_amount,
        null as right_amount
    from marketing_spend
    union all
    select
        'marketing_costs_by_channel' as check_name,
        'marketing spend and campaigns = acquisition_retention_costs, all kinds' as description,
        'all' as business_unit,
        {{ to_reporting('spend', 'exchange_rate') }} as left_amount,
        null as right_amount
    from campaigns
    union all
    select
        'marketing_costs_by_channel' as check_name,
        'marketing spend and campaigns = acquisition_retention_costs, all kinds' as description,
        'all' as business_unit,
        null as left_amount,
        acquisition_spend + retention_spend + other_spend + contained_campaign_spend
            as right_amount
    from channel_costs
    union all
    select
        'totals_in_lake' as check_name,
        'orders accepted from deliveries = versions in the lake, as stated' as description,
        'all' as business_unit,
        amount_accepted as left_amount,
        null as right_amount
    from deliveries
    union all
    select
        'totals_in_lake' as check_name,
        'orders accepted from deliveries = versions in the lake, as stated' as description,
        'all' as business_unit,
        null as left_amount,
        total as right_amount
    from lake
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
