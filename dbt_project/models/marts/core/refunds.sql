with split as (
    select * from {{ ref('int_refunds_split') }}
),

latest as (
    select * from {{ ref('int_refunds_latest') }}
),

rates as (
    select * from {{ ref('int_refunds_rated') }}
),

valued as (
    select * from {{ ref('int_orders_valued') }}
),

refunds as (
    select
        split.source_system,
        split.refund_id,
        split.order_id,
        valued.customer_key,
        valued.business_unit,
        latest.refunded_at,
        latest.refunded_on,
        latest.date_basis,
        latest.reason,
        latest.currency,
        rates.exchange_rate,
        rates.rate_basis,
        split.goods_amount as refunded_revenue,
        split.gift_card_amount as refunded_gift_cards,
        split.shipping_amount as refunded_shipping,
        split.tax_amount as refunded_tax,
        split.exchange_difference,
        split.item_quantity,
        split.line_count,
        valued.order_id is not null as is_order_known,
        coalesce(valued.is_counted, false) as is_counted
    from split
    inner join latest
        on split.source_system = latest.source_system and split.refund_id = latest.refund_id
    inner join rates
        on split.source_system = rates.source_system and split.refund_id = rates.refund_id
    left join valued
        on split.source_system = valued.source_system and split.order_id = valued.order_id
)

select * from refunds
