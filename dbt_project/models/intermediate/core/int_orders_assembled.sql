with orders as (
    select * from {{ ref('int_orders_latest') }}
),

identified as (
    select * from {{ ref('int_orders_identified') }}
),

rates as (
    select * from {{ ref('int_orders_rated') }}
),

netted as (
    select * from {{ ref('int_orders_netted') }}
),

lines as (
    select * from {{ ref('int_order_lines_summed') }}
),

refunds as (
    select * from {{ ref('int_refunds_summed') }}
),

payments as (
    select * from {{ ref('int_payments_summed') }}
),

-- Everything at the order's grain before it is joined: nothing can double.
assembled as (
    select
        orders.source_system,
        orders.order_id,
        identified.customer_key,
        orders.business_unit,
        orders.channel,
        orders.status,
        orders.ordered_at,
        orders.ordered_on,
        orders.currency,
        rates.exchange_rate,
        rates.rate_basis,
        netted.is_counted,
        netted.list_amount,
        netted.discount_amount,
        netted.gift_card_sales,
        netted.shipping_amount,
        netted.tax_amount,
        netted.goods_own,
        coalesce(lines.line_count, 0) as line_count,
        coalesce(lines.item_quantity, 0) as item_quantity,
        -- An order that came without lines is taken to be of goods, at the default margin.
        coalesce(lines.has_goods, true) as has_goods,
        coalesce(lines.cost_basis, 'default_rate') as margin_basis,
        -- Of the lines' revenue so much was sold at a discount, and so much at an unknown cost;
        -- an order without lines is one whole.
        case
            when lines.order_id is not null then lines.discounted_net_revenue
            when netted.discount_amount > 0 then 1
            else 0
        end as discounted_part,
        case
            when lines.order_id is null then 1
            when lines.has_uncosted_line then lines.uncosted_net_revenue
            else 0
        end as uncosted_part,
        case when lines.order_id is null then 1 else lines.net_revenue_gross_of_refunds end
            as lines_whole,
        case when lines.order_id is null then 0 else lines.known_cost_amount end
        - coalesce(refunds.returned_cost_amount, 0) as known_cost_amount,
        coalesce(refunds.refund_count, 0) as refund_count,
        coalesce(refunds.goods_own, 0) as refunded_own,
        case when refunds.order_id is null then 0 else refunds.goods_amount end as goods_refunded,
        case when refunds.order_id is null then 0 else refunds.exchange_difference end
            as exchange_difference,
        case when refunds.order_id is null then 0 else refunds.gift_card_amount end
            as gift_cards_refunded,
        case when refunds.order_id is null then 0 else refunds.shipping_amount end
            as shipping_refunded,
        case when refunds.order_id is null then 0 else refunds.tax_amount end as tax_refunded,
        case when payments.order_id is null then 0 else payments.paid_amount end as paid_amount
    from orders
    inner join identified
        on
            orders.source_system = identified.source_system
            and orders.order_id = identified.order_id
    inner join rates
        on orders.source_system = rates.source_system and orders.order_id = rates.order_id
    inner join netted
        on orders.source_system = netted.source_system and orders.order_id = netted.order_id
    left join lines
        on orders.source_system = lines.source_system and orders.order_id = lines.order_id
    left join refunds
        on orders.source_system = refunds.source_system and orders.order_id = refunds.order_id
    left join payments
        on orders.source_system = payments.source_system and orders.order_id = payments.order_id
)

select * from assembled
