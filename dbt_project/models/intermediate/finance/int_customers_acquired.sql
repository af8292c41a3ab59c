with purchases as (
    select * from {{ ref('int_orders_valued') }}
    where is_net_purchase and customer_key is not null
),

sources as (
    select * from {{ ref('stg_etl__sources') }}
),

customers as (
    select * from {{ ref('customers') }}
),

first_purchases as (
    select
        purchases.customer_key,
        purchases.business_unit,
        purchases.channel,
        purchases.ordered_on
    from purchases
    left join sources on purchases.source_system = sources.source_system
    qualify
        row_number() over (
            partition by purchases.customer_key
            order by
                purchases.ordered_on asc nulls last,
                sources.history_starts_on asc nulls last,
                purchases.source_system asc nulls last,
                purchases.order_id asc nulls last
        ) = 1
),

acquired as (
    select
        first_purchases.customer_key,
        first_purchases.ordered_on as acquired_on,
        {{ month_of('first_purchases.ordered_on') }} as acquisition_month,
        first_purchases.business_unit,
        first_purchases.channel,
        customers.is_internal,
        customers.is_left_censored
    from first_purchases
    inner join customers on first_purchases.customer_key = customers.customer_key
)

select * from acquired
