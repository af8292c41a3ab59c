with lines as (
    select * from {{ ref('int_order_lines_costed') }}
),

valued as (
    select * from {{ ref('int_orders_valued') }}
),

order_lines as (
    select
        lines.source_system,
        lines.order_id,
        lines.line_no,
        valued.customer_key,
        valued.business_unit,
        valued.ordered_on,
        lines.product_id,
        lines.sku,
        lines.title,
        lines.quantity,
        lines.is_gift_card,
        lines.is_sample,
        valued.is_counted,
        lines.list_amount,
        lines.discount_amount,
        cast(
            case when valued.is_counted then lines.net_revenue_gross_of_refunds else 0 end
            as decimal(18, 4)
        ) as net_revenue_gross_of_refunds,
        cast(case when valued.is_counted then lines.gift_card_sales else 0 end as decimal(18, 4))
            as gift_card_sales,
        cast(
            case when valued.is_counted then lines.known_cost_amount else 0 end
            as decimal(18, 4)
        ) as known_cost_amount,
        lines.cost_basis
    from lines
    inner join valued
        on lines.source_system = valued.source_system and lines.order_id = valued.order_id
)

select * from order_lines
