{% set poured_so_far = [
    'gift_poured',
    'gift_poured + shipping_poured',
    'gift_poured + shipping_poured + tax_poured',
] -%}

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
        sum(goods_own) as goods_own,
        sum(gift_cards_own) as gift_own,
        sum(shipping_own) as shipping_own,
        sum(tax_own) as tax_own
    from refunds
    group by source_system, order_id
),

-- What the order has left for money that no line and no stated part assigns.
rooms as (
    select
        assigned.source_system,
        assigned.order_id,
        greatest(coalesce(orders.goods_own, 0) - assigned.goods_own, 0) as goods_room,
        greatest(coalesce(orders.gift_own, 0) - assigned.gift_own, 0) as gift_room,
        greatest(coalesce(orders.shipping_own, 0) - assigned.shipping_own, 0) as shipping_room,
        greatest(coalesce(orders.tax_own, 0) - assigned.tax_own, 0) as tax_room
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
        sum(refunds.unassigned_own) over (
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
        - {{ poured('so_far - unassigned_own', 'goods_room', 'gift_room') }} as gift_poured,
        case
            when has_no_parts
                then
                    {{ poured('so_far', 'goods_room + gift_room', 'shipping_room') }}
                    - {{ poured(
                        'so_far - unassigned_own', 'goods_room + gift_room', 'shipping_room'
                    ) }}
            else 0
        end as shipping_poured,
        case
            when has_no_parts
                then
                    {{ poured('so_far', 'goods_room + gift_room + shipping_room', 'tax_room') }}
                    - {{ poured(
                        'so_far - unassigned_own',
                        'goods_room + gift_room + shipping_room',
                        'tax_room'
                    ) }}
            else 0
        end as tax_poured
    from accumulated
),

-- Reporting currency follows what was poured, in shares of running totals; the goods take the rest.
shared as (
    select
        {%- for poured in poured_so_far %}
        case
            when unassigned_own = 0 then 0
            else
                {{ money_share(
                    'unassigned_amount', '(' ~ poured ~ ')', 'unassigned_own', reporting_digits()
                ) }}
        end as share_{{ loop.index }},
        {%- endfor %}
        *
    from poured
),

split as (
    select
        source_system,
        refund_id,
        order_id,
        order_exchange_rate,
        line_count,
        item_quantity,
        returned_cost_amount,
        cast(
            goods_own + unassigned_own - gift_poured - shipping_poured - tax_poured
            as decimal(18, 4)
        ) as goods_own,
        cast(goods_amount + unassigned_amount - share_3 as decimal(18, 4)) as goods_amount,
        cast(gift_cards_amount + share_1 as decimal(18, 4)) as gift_card_amount,
        cast(shipping_amount + share_2 - share_1 as decimal(18, 4)) as shipping_amount,
        cast(tax_amount + share_3 - share_2 as decimal(18, 4)) as tax_amount
    from shared
),

-- What the goods cost more (or less) to give back than they had brought in, by the rates alone.
compared as (
    select
        *,
        cast(
            goods_amount - {{ to_reporting('goods_own', 'order_exchange_rate') }}
            as decimal(18, 4)
        ) as exchange_difference
    from split
)

select * from compared
