-- Where an order's lines agree with its own totals, they also agree once discounts are shared out,
-- taxes taken out and currencies converted: to the cent, order by order.
with lines as (
    select
        source_system,
        order_id,
        sum(net_revenue_gross_of_refunds) as lines_revenue
    from {{ ref('order_lines') }}
    group by source_system, order_id
),

own_totals as (
    select
        source_system,
        order_id,
        sum(list_amount) as lines_amount
    from {{ ref('int_order_lines_listed') }}
    group by source_system, order_id
)

select
    valued.source_system,
    valued.order_id,
    valued.net_revenue_gross_of_refunds,
    lines.lines_revenue
from {{ ref('orders') }} as valued
inner join lines
    on valued.source_system = lines.source_system and valued.order_id = lines.order_id
inner join own_totals
    on valued.source_system = own_totals.source_system and valued.order_id = own_totals.order_id
inner join {{ ref('int_orders_latest') }} as delivered
    on valued.source_system = delivered.source_system and valued.order_id = delivered.order_id
where
    own_totals.lines_amount = delivered.gross_items
    and abs(valued.net_revenue_gross_of_refunds - lines.lines_revenue)
    >= {{ coin(reporting_digits()) }}
