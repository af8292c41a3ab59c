{% set stated = {
    'stated': 'payments.fx_rate',
    'stated_on_order': rate_stated_on_order('payments'),
} -%}

with payments as (
    select * from {{ ref('int_payments_latest') }}
),

orders as (
    select * from {{ ref('int_orders_latest') }}
),

order_rates as (
    select * from {{ ref('int_orders_rated') }}
),

dated_rates as (
    select * from {{ ref('int_exchange_rates_dated') }}
),

-- Only money that moved: an authorisation or a void moves none. Rated as a refund is: what moves
-- later than the sale has the rate of its own day.
moved as (
    select
        payments.source_system,
        payments.payment_id,
        payments.order_id,
        payments.currency,
        payments.processed_on,
        case when payments.kind in ('sale', 'capture') then 1 else -1 end * payments.amount
            as amount,
        {{ rate_of('payments.currency', stated, 'dated_rates.rate') }}
            as exchange_rate
    from payments
    left join orders
        on payments.source_system = orders.source_system and payments.order_id = orders.order_id
    left join order_rates
        on
            payments.source_system = order_rates.source_system
            and payments.order_id = order_rates.order_id
    left join dated_rates
        on
            payments.currency = dated_rates.from_currency
            and payments.processed_on = dated_rates.used_on
    where
        payments.status = 'success'
        and payments.kind in ('sale', 'capture', 'refund', 'chargeback')
        and payments.processed_on <= {{ as_of_date() }}
)

select * from moved
