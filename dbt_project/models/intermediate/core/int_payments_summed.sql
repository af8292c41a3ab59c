with payments as (
    select * from {{ ref('int_payments_rated') }}
),

converted as (
    select
        source_system,
        order_id,
        {{ to_reporting('amount', 'exchange_rate') }} as amount
    from payments
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
