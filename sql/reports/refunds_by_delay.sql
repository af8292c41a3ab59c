-- title: Refunds by days after the sale
-- audience: finance
-- answers: How long after the sale is money given back, and how much, by shop?
-- reads: orders, refunds
with dated_refunds as (
    select
        refunds.source_system,
        refunds.refund_id,
        refunds.refunded_revenue,
        date_diff('day', orders.ordered_on, refunds.refunded_on) as days_after_sale
    from refunds
    inner join orders
        on
            refunds.source_system = orders.source_system
            and refunds.order_id = orders.order_id
    where orders.is_counted
),

grouped_refunds as (
    select
        source_system,
        refund_id,
        refunded_revenue,
        case
            when days_after_sale <= 7 then '1: up to 7 days'
            when days_after_sale <= 30 then '2: 8 to 30 days'
            when days_after_sale <= 90 then '3: 31 to 90 days'
            else '4: more than 90 days'
        end as delay
    from dated_refunds
),

refunds_by_delay as (
    select
        source_system,
        delay,
        count(*) as refund_count,
        sum(refunded_revenue) as refunded_revenue
    from grouped_refunds
    group by source_system, delay
)

select *
from refunds_by_delay
order by source_system asc nulls last, delay asc nulls last
