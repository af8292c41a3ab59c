with orders as (
    select * from {{ ref('int_orders_valued') }}
    where customer_key is not null and is_net_purchase
),

counted as (
    select
        customer_key,
        business_unit,
        cast(count(distinct ordered_on) as bigint) as purchase_days
    from orders
    group by customer_key, business_unit
),

ranked as (
    select
        customer_key,
        business_unit,
        purchase_days,
        cast(
            row_number() over (
                partition by customer_key
                order by purchase_days desc nulls last, business_unit asc nulls last
            ) as bigint
        ) as business_unit_rank
    from counted
)

select * from ranked
