with lines as (
    select * from {{ ref('int_order_lines_latest') }}
),

orders as (
    select * from {{ ref('int_orders_latest') }}
),

currencies as (
    select * from {{ ref('currencies') }}
),

-- Amounts are in the order's currency here, and round to the smallest coin of that.
listed as (
    select
        lines.source_system,
        lines.order_id,
        lines.line_no,
        lines.product_id,
        lines.sku,
        lines.title,
        lines.quantity,
        lines.is_gift_card,
        lines.is_sample,
        lines.unit_cost,
        coalesce(lines.cost_currency, orders.currency) as cost_currency,
        orders.currency,
        orders.ordered_on,
        coalesce(
            lines.line_amount,
            {{ money_times_quantity(
                'lines.unit_price', 'lines.quantity', 'currencies.minor_unit_digits'
            ) }}
        ) as list_amount,
        currencies.minor_unit_digits,
        lines.line_discount as own_discount,
        orders.discount as order_discount,
        sum(lines.line_discount) over (
            partition by lines.source_system, lines.order_id
        ) as lines_discount
    from lines
    inner join orders
        on lines.source_system = orders.source_system and lines.order_id = orders.order_id
    left join currencies on orders.currency = currencies.currency
)

select * from listed
