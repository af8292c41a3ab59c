{{ identified_through(
    ref('int_refunds_latest'), 'refund_id', ref('int_orders_identified'), 'order_id'
) }}
