{{ identified_through(
    ref('int_payments_latest'), 'payment_id', ref('int_orders_identified'), 'order_id'
) }}
