{%- set window = parameter('grade_window_days') -%}

with customers as (
    select * from {{ ref('customers') }}
),

described as (
    select * from {{ ref('int_customers_described') }}
),

dealings as (
    select * from {{ ref('int_customer_dealings') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

activity as (
    select * from {{ ref('int_customer_activity') }}
),

rfm as (
    select * from {{ ref('int_customer_rfm_grouped') }}
    where business_unit = 'all'
),

methods as (
    {{ settings_in_force(ref('grade_methods'), ['score_group']) | indent(4) }}
),

-- The last year in four quarters, counted back from the as-of date: a calendar quarter that has
-- only begun would be unfair to everybody.
recent_days as (
    select
        customer_key,
        {{ days_between('ordered_on', as_of_date()) }} as days_ago
    from {{ ref('int_customer_purchase_days') }}
),

counted_days as (
    select
        customer_key,
        cast(count(*) as bigint) as recent_purchase_days,
        cast(count(distinct {{ integer_divide('days_ago * 4', window) }}) as bigint)
            as quarters_active
    from recent_days
    where days_ago < {{ window }}
    group by customer_key
),

growth as (
    select * from {{ ref('int_customer_growth_ranked') }}
),

-- What may not be used is not carried any further.
facts as (
    select
        customers.customer_key,
        customers.customer_type as score_group,
        methods.grade_method,
        coalesce(customers.is_internal, false) as is_internal,
        permissions.is_not_profiled,
        customers.purchase_days,
        activity.days_since_last,
        activity.gap_days as cycle_days,
        customers.pareto_class,
        coalesce(counted_days.recent_purchase_days, 0) as recent_purchase_days,
        coalesce(counted_days.quarters_active, 0) as quarters_active,
        dealings.has_contract_without_notice as has_contract,
        described.is_strategic,
        growth.growth_amount,
        coalesce(growth.is_growth_top, false) as is_growth_top,
        rfm.r_score + rfm.f_score + rfm.m_score as rfm_total
    from customers
    inner join described on customers.customer_key = described.customer_key
    inner join dealings on customers.customer_key = dealings.customer_key
    inner join permissions on customers.customer_key = permissions.customer_key
    inner join activity on customers.customer_key = activity.customer_key
    inner join rfm on customers.customer_key = rfm.customer_key
    left join methods on customers.customer_type = methods.score_group
    left join counted_days on customers.customer_key = counted_days.customer_key
    left join growth on customers.customer_key = growth.customer_key
)

select * from facts
