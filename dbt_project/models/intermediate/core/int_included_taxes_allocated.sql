with lines as (
    select * from {{ ref('int_order_lines_listed') }}
),

discounts as (
    select * from {{ ref('int_order_discounts_allocated') }}
),

taxes as (
    select * from {{ ref('int_included_taxes_split') }}
),

to_allocate as (
    select
        lines.source_system,
        lines.order_id,
        lines.line_no,
        lines.minor_unit_digits,
        taxes.goods_tax as amount,
        greatest(
            lines.list_amount - coalesce(discounts.discount_amount, lines.own_discount), 0
        ) as weight
    from lines
    inner join taxes
        on lines.source_system = taxes.source_system and lines.order_id = taxes.order_id
    left join discounts
        on
            lines.source_system = discounts.source_system
            and lines.order_id = discounts.order_id
            and lines.line_no = discounts.line_no
    -- A gift card is not taxed until it is redeemed.
    where not lines.is_gift_card
),

{{ allocate_by_largest_remainder('to_allocate', ['source_system', 'order_id'], 'line_no') }},

taxed as (
    select
        source_system,
        order_id,
        line_no,
        allocated_amount as included_tax
    from allocated
)

select * from taxed
