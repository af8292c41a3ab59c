with orders as (
    select * from {{ ref('int_orders_latest') }}
),

dated_rates as (
    select * from {{ ref('int_exchange_rates_dated') }}
),

rated as (
    select
        orders.source_system,
        orders.order_id,
        nullif(orders.fx_rate, 0) as stated_rate,
        {{ rate_of('orders.currency', {'stated': 'orders.fx_rate'}, 'dated_rates.rate') }}
            as exchange_rate,
        {{ rate_basis_of('orders.currency', {'stated': 'orders.fx_rate'}, 'dated_rates.rate') }}
            as rate_basis
    from orders
    left join dated_rates
        on
            orders.currency = dated_rates.from_currency
            and orders.ordered_on = dated_rates.used_on
)

select * from rated
