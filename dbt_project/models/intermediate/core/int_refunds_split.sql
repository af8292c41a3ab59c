with refunds as (
    select * from {{ ref('int_refunds_stated') }}
),

orders as (
    select * from {{ ref('int_orders_netted') }}
),

assigned as (
    select
        source_system,
        order_id,
        sum(goods) as goods,
        sum(gift_cards) as gift_cards,
        sum(shipping) as shipping,
        sum(tax) as tax
    from refunds
    group by source_system, order_id
),

-- What the order has left for money that no line and no stated part assigns.
rooms as (
    select
        assigned.source_system,
        assigned.order_id,
        greatest(coalesce(orders.goods_own, 0) - assigned.goods, 0) as goods_room,
        greatest(coalesce(orders.gift_own, 0) - assigned.gift_cards, 0) as gift_room,
        greatest(coalesce(orders.shipping_own, 0) - assigned.shipping, 0) as shipping_room,
        greatest(coalesce(orders.tax_own, 0) - assigned.tax, 0) as tax_room
    from assigned
    left join orders
        on assigned.source_system = orders.source_system and assigned.order_id = orders.order_id
),

accumulated as (
    select
        refunds.*,
        rooms.goods_room,
        rooms.gift_room,
        rooms.shipping_room,
        rooms.tax_room,
        sum(refunds.unassigned) over (
            partition by refunds.source_system, refunds.order_id
            -- Those that state tax and shipping go first: the rest of theirs can only be goods.
            order by
                refunds.has_no_parts asc nulls last,
                refunds.refunded_at asc nulls last,
                refunds.refund_id asc nulls last
            rows between unbounded preceding and current row
        ) as so_far
    from refunds
    inner join rooms
        on refunds.source_system = rooms.source_system and refunds.order_id = rooms.order_id
),

-- Goods first, then gift cards, then (where the refund states no parts) shipping and tax.
poured as (
    select
        *,
        {{ poured('so_far', 'goods_room', 'gift_room') }}
        - {{ poured('so_far - unassigned', 'goods_room', 'gift_room') }} as gift_poured,
        case
            when has_no_parts
                then
                    {{ poured('so_far', 'goods_room + gift_room', 'shipping_room') }}
                    - {{ poured('so_far - unassigned', 'goods_room + gift_room', 'shipping_room') }}
            else 0
        end as shipping_poured,
        case
            when has_no_parts
                then
                    {{ poured('so_far', 'goods_room + gift_room + shipping_room', 'tax_room') }}
                    - {{ poured(
                        'so_far - unassigned', 'goods_room + gift_room + shipping_room', 'tax_room'
                    ) }}
            else 0
        end as tax_poured
    from accumulated
),

split_own as (
    select
        *,
        cast(
            goods + unassigned - gift_poured - shipping_poured - tax_poured as decimal(18, 4)
        ) as goods_own,
        cast(gift_cards + gift_poured as decimal(18, 4)) as gift_own,
        cast(shipping + shipping_poured as decimal(18, 4)) as shipping_own,
        cast(tax + tax_poured as decimal(18, 4)) as tax_own
    from poured
),

split as (
    select
        source_system,
        refund_id,
        order_id,
        line_count,
        item_quantity,
        returned_cost_amount,
        goods_own,
        {{ to_reporting('goods_own', 'exchange_rate') }} as goods_amount,
        {{ to_reporting('gift_own', 'exchange_rate') }} as gift_card_amount,
        {{ to_reporting('shipping_own', 'exchange_rate') }} as shipping_amount,
        {{ to_reporting('tax_own', 'exchange_rate') }} as tax_amount
    from split_own
)

select * from split
