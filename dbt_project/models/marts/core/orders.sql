with valued as (
    select * from {{ ref('int_orders_valued') }}
),

orders as (
    select
        source_system,
        order_id,
        customer_key,
        business_unit,
        channel,
        status,
        ordered_at,
        ordered_on,
        currency,
        exchange_rate,
        rate_basis,
        list_amount,
        discount_amount,
        net_revenue_gross_of_refunds,
        refunded_revenue,
        net_revenue,
        refund_exchange_difference,
        shipping_revenue,
        tax_amount,
        gift_card_sales,
        cost_amount,
        margin,
        margin_basis,
        discounted_net_revenue,
        item_quantity,
        line_count,
        refund_count,
        paid_amount,
        is_counted,
        is_fully_refunded,
        is_purchase_occasion,
        is_net_purchase
    from valued
)

select * from orders
