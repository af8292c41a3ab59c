with lines as (
    select * from {{ ref('int_order_lines_listed') }}
),

-- More on the order than on its lines: the rest is an order-level discount, shared by what is left
-- to pay. Less: the order is believed, and its discount is shared by the lines' own discounts.
to_allocate as (
    select
        source_system,
        order_id,
        line_no,
        minor_unit_digits,
        case when order_discount > lines_discount then own_discount else 0 end as kept_discount,
        case
            when order_discount > lines_discount then order_discount - lines_discount
            else order_discount
        end as amount,
        case
            when order_discount < lines_discount then own_discount
            when is_gift_card or is_sample then 0
            else greatest(list_amount - own_discount, 0)
        end as weight
    from lines
    where order_discount <> lines_discount
),

{{ allocate_by_largest_remainder('to_allocate', ['source_system', 'order_id'], 'line_no') }},

discounted as (
    select
        source_system,
        order_id,
        line_no,
        cast(kept_discount + allocated_amount as decimal(18, 4)) as discount_amount
    from allocated
)

select * from discounted
