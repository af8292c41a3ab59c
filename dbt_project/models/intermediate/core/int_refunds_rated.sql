{% set stated = {
    'stated': 'refunds.fx_rate',
    'stated_on_order': rate_stated_on_order('refunds'),
} -%}

with refunds as (
    select * from {{ ref('int_refunds_latest') }}
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

-- Its own stated rate, else the one its order states, else that of its day. Never 1 by default.
rated as (
    select
        refunds.source_system,
        refunds.refund_id,
        refunds.order_id,
        refunds.currency,
        orders.currency as order_currency,
        order_rates.exchange_rate as order_exchange_rate,
        {{ rate_of('refunds.currency', stated, 'dated_rates.rate') }}
            as exchange_rate,
        {{ rate_basis_of('refunds.currency', stated, 'dated_rates.rate') }}
            as rate_basis
    from refunds
    left join orders
        on refunds.source_system = orders.source_system and refunds.order_id = orders.order_id
    left join order_rates
        on
            refunds.source_system = order_rates.source_system
            and refunds.order_id = order_rates.order_id
    left join dated_rates
        on
            refunds.currency = dated_rates.from_currency
            and refunds.refunded_on = dated_rates.used_on
)

select * from rated
