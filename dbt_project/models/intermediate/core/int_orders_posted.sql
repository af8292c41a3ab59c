with orders as (
    select * from {{ ref('int_orders_valued') }}
    where is_counted
),

assembled as (
    select * from {{ ref('int_orders_assembled') }}
),

refunds as (
    select * from {{ ref('int_refunds_split') }}
),

refund_days as (
    select * from {{ ref('int_refunds_latest') }}
),

-- The sale as it was made, then each refund on its own day; none is posted before its sale.
changes as (
    select
        source_system,
        order_id,
        0 as is_refund,
        cast(null as string) as refund_id,
        ordered_on as posted_on,
        net_revenue_gross_of_refunds as net_revenue,
        cast(0 as decimal(18, 4)) as returned_cost_amount
    from orders
    union all
    select
        refunds.source_system,
        refunds.order_id,
        1 as is_refund,
        refunds.refund_id,
        greatest(refund_days.refunded_on, orders.ordered_on) as posted_on,
        cast(-refunds.goods_amount as decimal(18, 4)) as net_revenue,
        cast(refunds.returned_cost_amount as decimal(18, 4)) as returned_cost_amount
    from refunds
    inner join orders
        on refunds.source_system = orders.source_system and refunds.order_id = orders.order_id
    inner join refund_days
        on
            refunds.source_system = refund_days.source_system
            and refunds.refund_id = refund_days.refund_id
),

accumulated as (
    select
        *,
        sum(net_revenue) over (
            partition by source_system, order_id
            order by is_refund asc nulls last, posted_on asc nulls last, refund_id asc nulls last
            rows between unbounded preceding and current row
        ) as revenue_so_far,
        -- Of the goods that come back in the end, those not yet back still cost.
        sum(returned_cost_amount) over (partition by source_system, order_id)
        - sum(returned_cost_amount) over (
            partition by source_system, order_id
            order by is_refund asc nulls last, posted_on asc nulls last, refund_id asc nulls last
            rows between unbounded preceding and current row
        ) as cost_to_return
    from changes
),

costed as (
    select
        accumulated.*,
        accumulated.revenue_so_far
        - ({{ assumed_cost(
            'accumulated.revenue_so_far', 'assembled.uncosted_part', 'assembled.lines_whole'
        ) }})
        - assembled.known_cost_amount
        - accumulated.cost_to_return
        - {{ variable_cost('accumulated.revenue_so_far') }} as margin_so_far
    from accumulated
    inner join assembled
        on
            accumulated.source_system = assembled.source_system
            and accumulated.order_id = assembled.order_id
),

-- A posting's margin is what it moves the order's margin by: the postings add up to it.
posted as (
    select
        costed.source_system,
        costed.order_id,
        costed.refund_id,
        case when costed.is_refund = 1 then 'refund' else 'sale' end as posting_type,
        costed.posted_on,
        orders.customer_key,
        orders.business_unit,
        orders.channel,
        costed.is_refund = 0 and orders.is_net_purchase as is_net_purchase,
        costed.net_revenue,
        cast(
            costed.margin_so_far - coalesce(
                lag(costed.margin_so_far) over (
                    partition by costed.source_system, costed.order_id
                    order by
                        costed.is_refund asc nulls last,
                        costed.posted_on asc nulls last,
                        costed.refund_id asc nulls last
                ),
                0
            ) as decimal(18, 4)
        ) as margin
    from costed
    inner join orders
        on costed.source_system = orders.source_system and costed.order_id = orders.order_id
)

select * from posted
