with refunds as (
    select * from {{ ref('int_refunds_latest') }}
    where refunded_on <= {{ as_of_date() }}
),

rates as (
    select * from {{ ref('int_refunds_rated') }}
),

refund_lines as (
    select * from {{ ref('int_refund_lines_summed') }}
),

-- Lines say what was goods; without lines the total less its stated tax and shipping still has to
-- be told apart.
stated as (
    select
        refunds.source_system,
        refunds.refund_id,
        refunds.order_id,
        refunds.refunded_at,
        case
            when rates.currency = rates.order_currency or rates.order_currency is null then 1
            else {{ safe_divide('rates.exchange_rate', 'rates.order_exchange_rate') }}
        end as to_order_currency,
        rates.exchange_rate,
        case
            when rates.currency = rates.order_currency or rates.order_currency is null
                then rates.exchange_rate
            else rates.order_exchange_rate
        end as own_exchange_rate,
        coalesce(refund_lines.line_count, 0) as line_count,
        coalesce(refund_lines.item_quantity, 0) as item_quantity,
        coalesce(refund_lines.goods, 0) as goods,
        coalesce(refund_lines.gift_cards, 0) as gift_cards,
        coalesce(refund_lines.returned_cost_amount, 0) as returned_cost_amount,
        coalesce(refunds.refund_shipping, 0) as shipping,
        coalesce(refunds.refund_tax, 0) as tax,
        case
            when refund_lines.refund_id is not null then 0
            else
                refunds.refund_total
                - coalesce(refunds.refund_tax, 0) - coalesce(refunds.refund_shipping, 0)
        end as unassigned,
        refunds.refund_tax is null and refunds.refund_shipping is null as has_no_parts
    from refunds
    inner join rates
        on
            refunds.source_system = rates.source_system
            and refunds.refund_id = rates.refund_id
    left join refund_lines
        on
            refunds.source_system = refund_lines.source_system
            and refunds.refund_id = refund_lines.refund_id
),

-- What is stated becomes reporting currency straight away, at the refund's own rate. `_own` is in
-- the order's currency: only there can the rest be compared with what the order has left.
converted as (
    select
        source_system,
        refund_id,
        order_id,
        refunded_at,
        own_exchange_rate,
        line_count,
        item_quantity,
        returned_cost_amount,
        has_no_parts,
        {{ to_reporting('goods', 'exchange_rate') }} as goods_amount,
        {{ to_reporting('gift_cards', 'exchange_rate') }} as gift_card_amount,
        {{ to_reporting('shipping', 'exchange_rate') }} as shipping_amount,
        {{ to_reporting('tax', 'exchange_rate') }} as tax_amount,
        {{ to_reporting('unassigned', 'exchange_rate') }} as unassigned_amount,
        {{ to_reporting('goods', 'to_order_currency') }} as goods_own,
        {{ to_reporting('gift_cards', 'to_order_currency') }} as gift_own,
        {{ to_reporting('shipping', 'to_order_currency') }} as shipping_own,
        {{ to_reporting('tax', 'to_order_currency') }} as tax_own,
        {{ to_reporting('unassigned', 'to_order_currency') }} as unassigned_own
    from stated
)

select * from converted
