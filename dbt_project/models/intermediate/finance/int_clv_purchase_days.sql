with purchase_occasions as (
    select * from {{ ref('int_orders_valued') }}
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

first_occasions as (
    select
        business_unit,
        customer_key,
        channel as segment,
        ordered_on as first_ordered_on
    from purchase_occasions
    qualify
        row_number() over (
            partition by business_unit, customer_key
            order by
                ordered_on asc nulls last,
                ordered_at asc nulls last,
                source_system asc nulls last,
                order_id asc nulls last
        ) = 1
),

-- Orders of one day are one: the models know days, and a split basket is no loyalty.
summed as (
    select
        business_unit,
        customer_key,
        ordered_on,
        coalesce(sum(net_revenue), 0) as net_revenue
    from purchase_occasions
    group by business_unit, customer_key, ordered_on
),

purchase_days as (
    select
        summed.business_unit,
        summed.customer_key,
        first_occasions.segment,
        summed.ordered_on,
        summed.net_revenue,
        first_occasions.first_ordered_on,
        unit_histories.history_starts_on
    from summed
    inner join first_occasions
        on
            summed.business_unit = first_occasions.business_unit
            and summed.customer_key = first_occasions.customer_key
    inner join unit_histories on summed.business_unit = unit_histories.business_unit
)

select * from purchase_days
