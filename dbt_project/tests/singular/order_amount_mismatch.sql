-- Orders whose own figures contradict each other by more than a coin of their currency: the lines
-- do not add up to the items, or the parts do not add up to the total. The order's items and
-- discount are believed.
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

currencies as (
    select * from {{ ref('currencies') }}
),

compared as (
    select
        orders.source_system,
        orders.order_id,
        orders.gross_items,
        coalesce(lines.lines_amount, orders.gross_items) as lines_amount,
        orders.total,
        {{ coin('currencies.minor_unit_digits') }} as coin,
        orders.gross_items
        - orders.discount
        + orders.shipping
        + case when coalesce(orders.taxes_included, false) then 0 else orders.tax end
        + coalesce(orders.tip, 0) as sum_of_parts
    from orders
    left join lines
        on orders.source_system = lines.source_system and orders.order_id = lines.order_id
    left join currencies on orders.currency = currencies.currency
)

select *
from compared
where abs(gross_items - lines_amount) > coin or abs(total - sum_of_parts) > coin
