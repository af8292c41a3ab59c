-- Order lines and refunds that name an order nobody delivered, or that was deleted. They are in no
-- revenue.
{{ config(severity='warn', meta={'owner': 'Warehouse maintainers'}) }}

with orders as (
    select * from {{ ref('int_orders_latest') }}
),

children as (
    select
        'order_lines' as table_name,
        source_system,
        order_id,
        cast(line_no as string) as record_id
    from {{ ref('int_order_lines_latest') }}
    union all
    select
        'refunds' as table_name,
        source_system,
        order_id,
        refund_id as record_id
    from {{ ref('int_refunds_latest') }}
    union all
    select
        'payments' as table_name,
        source_system,
        order_id,
        payment_id as record_id
    from {{ ref('int_payments_latest') }}
)

select children.*
from children
left join orders
    on children.source_system = orders.source_system and children.order_id = orders.order_id
where orders.order_id is null
