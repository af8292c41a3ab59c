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

-- Only money that moved: an authorisation or a void moves none.
moved as (
    select
        payments.source_system,
        payments.order_id,
        case when payments.kind in ('sale', 'capture') then 1 else -1 end * payments.amount
            as amount,
        cast(
            case
                when payments.currency = '{{ var("reporting_currency") }}' then 1
                when payments.fx_rate > 0 then payments.fx_rate
                when payments.currency = orders.currency then order_rates.exchange_rate
                else dated_rates.rate
            end as decimal(24, 12)
        ) as exchange_rate
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
),

converted as (
    select
        source_system,
        order_id,
        {{ to_reporting('amount', 'exchange_rate') }} as amount
    from moved
),

summed as (
    select
        source_system,
        order_id,
        case when count(amount) = count(*) then cast(sum(amount) as decimal(18, 4)) end
            as paid_amount
    from converted
    group by source_system, order_id
)

select * from summed
