-- Orders whose own figures contradict each other by more than a cent: the lines do not add up to
-- the items, or the parts do not add up to the total. The order's items and discount are believed.
{{ config(severity='warn', meta={'owner': 'Warehouse maintainers'}) }}

with orders as (
    select * from {{ ref('int_orders_latest') }}
),

lines as (
    select
        source_system,
        order_id,
        sum(list_amount) as lines_amount
    from {{ ref('int_order_lines_listed') }}
    group by source_system, order_id
),

compared as (
    select
        orders.source_system,
        orders.order_id,
        orders.gross_items,
        coalesce(lines.lines_amount, orders.gross_items) as lines_amount,
        orders.total,
        orders.gross_items
        - orders.discount
        + orders.shipping
        + case when coalesce(orders.taxes_included, false) then 0 else orders.tax end
        + coalesce(orders.tip, 0) as sum_of_parts
    from orders
    left join lines
        on orders.source_system = lines.source_system and orders.order_id = lines.order_id
)

select *
from compared
where abs(gross_items - lines_amount) > 0.01 or abs(total - sum_of_parts) > 0.01
