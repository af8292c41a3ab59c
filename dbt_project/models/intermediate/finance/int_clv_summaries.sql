with purchase_occasions as (
    select
        business_unit,
        customer_key,
        source_system,
        ordered_on,
        net_revenue
    from {{ ref('int_orders_valued') }}
    where is_purchase_occasion and customer_key is not null
),

sources as (
    select * from {{ ref('stg_etl__sources') }}
),

-- A shop whose history begins after the shop did makes old customers look new.
unit_histories as (
    select
        purchase_occasions.business_unit,
        max(sources.history_starts_on) as history_starts_on
    from purchase_occasions
    left join sources on purchase_occasions.source_system = sources.source_system
    group by purchase_occasions.business_unit
),

-- Orders of one day are one: the models know days, and a split basket is no loyalty.
purchase_days as (
    select
        business_unit,
        customer_key,
        ordered_on,
        coalesce(sum(net_revenue), 0) as net_revenue
    from purchase_occasions
    group by business_unit, customer_key, ordered_on
),

dated as (
    select
        *,
        min(ordered_on) over (partition by business_unit, customer_key) as first_ordered_on
    from purchase_days
),

-- The first day says when a customer came, not what the next order will be worth.
summed as (
    select
        business_unit,
        customer_key,
        first_ordered_on,
        max(ordered_on) as last_ordered_on,
        cast(count(*) - 1 as bigint) as repeat_orders,
        cast(sum(
            case when ordered_on > first_ordered_on and net_revenue > 0 then 1 else 0 end
        ) as bigint) as spend_occasions,
        sum(
            case when ordered_on > first_ordered_on and net_revenue > 0 then net_revenue else 0 end
        ) as repeat_spend
    from dated
    group by business_unit, customer_key, first_ordered_on
),

summarised as (
    select
        {{ as_of_date() }} as cutoff_on,
        summed.business_unit,
        'all' as segment,
        summed.customer_key,
        summed.repeat_orders,
        {{ days_between('summed.first_ordered_on', 'summed.last_ordered_on') }} as recency_days,
        {{ days_between('summed.first_ordered_on', as_of_date()) }} as age_days,
        summed.spend_occasions,
        {{ money(safe_divide('summed.repeat_spend', 'summed.spend_occasions', 8)) }} as mean_spend,
        summed.first_ordered_on,
        unit_histories.history_starts_on
    from summed
    inner join unit_histories on summed.business_unit = unit_histories.business_unit
)

select * from summarised
