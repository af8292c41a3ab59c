{%- set window_start = date_plus(as_of_date(), '-1 * ' ~ parameter('rfm_window_days')) -%}

with customers as (
    select * from {{ ref('customers') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

orders as (
    select * from {{ ref('int_orders_valued') }}
    where is_net_purchase and customer_key is not null and ordered_on <= {{ as_of_date() }}
),

postings as (
    select * from {{ ref('int_orders_posted') }}
    where
        customer_key is not null
        and posted_on <= {{ as_of_date() }}
        and posted_on > {{ window_start }}
),

-- A customer of two units has a row for each of them, and one for all.
order_units as (
    select
        customer_key,
        business_unit,
        ordered_on
    from orders
    union all
    select
        customer_key,
        'all' as business_unit,
        ordered_on
    from orders
),

posting_units as (
    select
        customer_key,
        business_unit,
        net_revenue
    from postings
    union all
    select
        customer_key,
        'all' as business_unit,
        net_revenue
    from postings
),

purchases as (
    select
        customer_key,
        business_unit,
        max(ordered_on) as last_ordered_on,
        cast(
            count(distinct case when ordered_on > {{ window_start }} then ordered_on end)
            as bigint
        ) as frequency_days
    from order_units
    group by customer_key, business_unit
),

spends as (
    select
        customer_key,
        business_unit,
        cast(sum(net_revenue) as decimal(18, 4)) as monetary
    from posting_units
    group by customer_key, business_unit
),

-- Who never bought has the row for all units alone.
grains as (
    select
        customer_key,
        business_unit
    from purchases
    union distinct
    select
        customer_key,
        'all' as business_unit
    from customers
),

facts as (
    select
        grains.customer_key,
        grains.business_unit,
        customers.customer_type as score_group,
        coalesce(customers.is_internal, false) as is_internal,
        permissions.is_not_profiled,
        purchases.last_ordered_on,
        {{ days_between('purchases.last_ordered_on', as_of_date()) }} as recency_days,
        coalesce(purchases.frequency_days, 0) as frequency_days,
        coalesce(spends.monetary, 0) as monetary
    from grains
    inner join customers on grains.customer_key = customers.customer_key
    inner join permissions on grains.customer_key = permissions.customer_key
    left join purchases
        on
            grains.customer_key = purchases.customer_key
            and grains.business_unit = purchases.business_unit
    left join spends
        on
            grains.customer_key = spends.customer_key
            and grains.business_unit = spends.business_unit
)

select * from facts
