with orders as (
    select * from {{ ref('int_orders_valued') }}
),

-- Orders of one day are one purchase: a second basket the same evening is no new visit.
distinct_days as (
    select distinct
        customer_key,
        ordered_on
    from orders
    where
        is_net_purchase
        and customer_key is not null
        and ordered_on <= {{ as_of_date() }}
),

numbered as (
    select
        customer_key,
        ordered_on,
        cast(
            row_number() over (partition by customer_key order by ordered_on asc nulls last)
            as bigint
        ) as purchase_no
    from distinct_days
)

select * from numbered
