with order_lines as (
    select * from {{ ref('order_lines') }}
    where customer_key is not null and not is_gift_card and net_revenue_gross_of_refunds > 0
),

orders as (
    select * from {{ ref('orders') }}
    where is_net_purchase and ordered_on <= {{ as_of_date() }}
),

products as (
    select * from {{ ref('products') }}
),

bought as (
    select
        order_lines.customer_key,
        products.category,
        products.launched_on
    from order_lines
    inner join orders
        on
            order_lines.source_system = orders.source_system
            and order_lines.order_id = orders.order_id
    inner join products
        on
            order_lines.source_system = products.source_system
            and order_lines.product_id = products.product_id
),

-- Of products without a category, or without a day of launch, nothing is known: null, not 0.
counted as (
    select
        customer_key,
        cast(nullif(count(distinct category), 0) as bigint) as service_breadth,
        bool_or(
            launched_on <= {{ as_of_date() }}
            and {{ days_between('launched_on', as_of_date()) }}
            <= {{ parameter('service_new_days') }}
        ) as new_service_adopted
    from bought
    group by customer_key
)

select * from counted
