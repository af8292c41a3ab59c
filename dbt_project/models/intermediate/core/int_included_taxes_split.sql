with orders as (
    select * from {{ ref('int_orders_latest') }}
),

lines as (
    select * from {{ ref('int_order_lines_listed') }}
),

gift_cards as (
    select
        source_system,
        order_id,
        sum(list_amount) as gift_card_list_amount
    from lines
    where is_gift_card
    group by source_system, order_id
),

currencies as (
    select * from {{ ref('currencies') }}
),

-- Prices that contain the tax: what was paid for goods and for shipping each carry a share of it.
priced as (
    select
        orders.source_system,
        orders.order_id,
        orders.tax,
        orders.shipping,
        currencies.minor_unit_digits,
        greatest(
            orders.gross_items - orders.discount - coalesce(gift_cards.gift_card_list_amount, 0), 0
        ) as goods_paid
    from orders
    left join currencies on orders.currency = currencies.currency
    left join gift_cards
        on
            orders.source_system = gift_cards.source_system
            and orders.order_id = gift_cards.order_id
    where orders.taxes_included and orders.tax <> 0
),

shared as (
    select
        source_system,
        order_id,
        tax,
        coalesce(
            {{ money_share('tax', 'shipping', '(goods_paid + shipping)', 'minor_unit_digits') }},
            0
        ) as shipping_tax
    from priced
),

split as (
    select
        source_system,
        order_id,
        cast(tax - shipping_tax as decimal(18, 4)) as goods_tax,
        cast(shipping_tax as decimal(18, 4)) as shipping_tax
    from shared
)

select * from split
