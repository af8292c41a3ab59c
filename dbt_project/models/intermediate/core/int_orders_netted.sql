with orders as (
    select * from {{ ref('int_orders_latest') }}
),

rates as (
    select * from {{ ref('int_orders_rated') }}
),

lines as (
    select * from {{ ref('int_order_lines_summed') }}
),

taxes as (
    select * from {{ ref('int_included_taxes_split') }}
),

-- The order's own totals are believed, not the sum of its lines; lines only say what of it was
-- gift cards. `_own` is in the order's currency, the rest in the reporting currency.
parts as (
    select
        orders.source_system,
        orders.order_id,
        rates.exchange_rate,
        orders.status <> 'cancelled'
        and not orders.is_test
        and orders.ordered_on <= {{ as_of_date() }} as is_counted,
        orders.gross_items - coalesce(taxes.goods_tax, 0) as items_own,
        orders.discount as discount_own,
        orders.shipping - coalesce(taxes.shipping_tax, 0) as shipping_own,
        orders.tax as tax_own,
        coalesce(lines.gift_list_own, 0) as gift_list_own,
        coalesce(lines.gift_discount_own, 0) as gift_discount_own,
        coalesce(lines.gift_list_amount, 0) as gift_list_amount,
        coalesce(lines.gift_discount_amount, 0) as gift_discount_amount
    from orders
    inner join rates
        on orders.source_system = rates.source_system and orders.order_id = rates.order_id
    left join lines
        on orders.source_system = lines.source_system and orders.order_id = lines.order_id
    left join taxes
        on orders.source_system = taxes.source_system and orders.order_id = taxes.order_id
),

netted as (
    select
        source_system,
        order_id,
        is_counted,
        cast(items_own - gift_list_own - (discount_own - gift_discount_own) as decimal(18, 4))
            as goods_own,
        cast(gift_list_own - gift_discount_own as decimal(18, 4)) as gift_own,
        cast(shipping_own as decimal(18, 4)) as shipping_own,
        cast(tax_own as decimal(18, 4)) as tax_own,
        cast({{ to_reporting('items_own', 'exchange_rate') }} - gift_list_amount as decimal(18, 4))
            as list_amount,
        cast(
            {{ to_reporting('discount_own', 'exchange_rate') }} - gift_discount_amount
            as decimal(18, 4)
        ) as discount_amount,
        cast(gift_list_amount - gift_discount_amount as decimal(18, 4)) as gift_card_sales,
        {{ to_reporting('shipping_own', 'exchange_rate') }} as shipping_amount,
        {{ to_reporting('tax_own', 'exchange_rate') }} as tax_amount
    from parts
)

select * from netted
