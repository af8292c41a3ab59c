with orders as (
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

-- What was delivered later is not known yet, and in neither sum.
deliveries as (
    select * from {{ ref('stg_etl__loads') }}
    where table_name = 'orders' and business_day <= {{ as_of_date() }}
),

lake as (
    select versions.*
    from {{ ref('stg_shop__orders') }} as versions
    inner join deliveries on versions.batch_id = deliveries.delivery_id
),

-- Each amount on its side; the other side is null.
entries as (
    select
        'refunded_revenue_by_refunds' as check_name,
        business_unit,
        refunded_revenue as left_amount,
        null as right_amount
    from orders
    union all
    select
        'refunded_revenue_by_refunds' as check_name,
        business_unit,
        null as left_amount,
        refunded_revenue as right_amount
    from refunds
    union all
    select
        'marketing_costs_by_channel' as check_name,
        'all' as business_unit,
        {{ to_reporting('amount', 'exchange_rate') }} as left_amount,
        null as right_amount
    from marketing_spend
    union all
    select
        'marketing_costs_by_channel' as check_name,
        'all' as business_unit,
        {{ to_reporting('spend', 'exchange_rate') }} as left_amount,
        null as right_amount
    from campaigns
    union all
    select
        'marketing_costs_by_channel' as check_name,
        'all' as business_unit,
        null as left_amount,
        acquisition_spend + retention_spend + other_spend + contained_campaign_spend
            as right_amount
    from channel_costs
    union all
    select
        'control_total_of_orders_in_lake' as check_name,
        'all' as business_unit,
        amount_accepted as left_amount,
        null as right_amount
    from deliveries
    union all
    select
        'control_total_of_orders_in_lake' as check_name,
        'all' as business_unit,
        null as left_amount,
        total as right_amount
    from lake
),

compared as (
    select
        check_name,
        business_unit,
        sum(left_amount) as left_amount,
        sum(right_amount) as right_amount
    from entries
    group by check_name, business_unit
)

select * from compared
