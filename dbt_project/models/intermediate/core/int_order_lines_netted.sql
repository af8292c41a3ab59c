with lines as (
    select * from {{ ref('int_order_lines_listed') }}
),

discounts as (
    select * from {{ ref('int_order_discounts_allocated') }}
),

taxes as (
    select * from {{ ref('int_included_taxes_allocated') }}
),

rates as (
    select * from {{ ref('int_orders_rated') }}
),

-- In the order's currency, without the tax that prices contain.
settled as (
    select
        lines.source_system,
        lines.order_id,
        lines.line_no,
        rates.exchange_rate,
        cast(lines.list_amount - coalesce(taxes.included_tax, 0) as decimal(18, 4)) as list_own,
        coalesce(discounts.discount_amount, lines.own_discount) as discount_own
    from lines
    inner join rates
        on lines.source_system = rates.source_system and lines.order_id = rates.order_id
    left join discounts
        on
            lines.source_system = discounts.source_system
            and lines.order_id = discounts.order_id
            and lines.line_no = discounts.line_no
    left join taxes
        on
            lines.source_system = taxes.source_system
            and lines.order_id = taxes.order_id
            and lines.line_no = taxes.line_no
),

accumulated as (
    select
        *,
        sum(list_own) over (
            partition by source_system, order_id
            order by line_no asc nulls last
            rows between unbounded preceding and current row
        ) as list_so_far,
        sum(discount_own) over (
            partition by source_system, order_id
            order by line_no asc nulls last
            rows between unbounded preceding and current row
        ) as discount_so_far
    from settled
),

-- A line gets the rounded running total less the one before it, so that the lines of an order add
-- up to the order's own converted amount.
netted as (
    select
        source_system,
        order_id,
        line_no,
        list_own,
        discount_own,
        cast(
            {{ to_reporting('list_so_far', 'exchange_rate') }}
            - {{ to_reporting('list_so_far - list_own', 'exchange_rate') }}
            as decimal(18, 4)
        ) as list_amount,
        cast(
            {{ to_reporting('discount_so_far', 'exchange_rate') }}
            - {{ to_reporting('discount_so_far - discount_own', 'exchange_rate') }}
            as decimal(18, 4)
        ) as discount_amount
    from accumulated
)

select * from netted
