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
        {{ rate_of('orders.currency', ['orders.fx_rate'], 'dated_rates.rate') }} as exchange_rate,
        nullif(orders.fx_rate, 0) as stated_rate,
        case
            when orders.currency = '{{ var("reporting_currency") }}' then 'same_currency'
            when orders.fx_rate > 0 then 'stated'
            when dated_rates.rate is not null then 'fx_rates'
        end as rate_basis
    from orders
    left join dated_rates
        on
            orders.currency = dated_rates.from_currency
            and orders.ordered_on = dated_rates.used_on
)

select * from rated
