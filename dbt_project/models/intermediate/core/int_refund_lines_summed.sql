with refund_lines as (
    select * from {{ ref('int_refund_lines_latest') }}
),

refunds as (
    select * from {{ ref('int_refunds_latest') }}
),

order_lines as (
    select * from {{ ref('int_order_lines_costed') }}
),

-- Cost comes back only with goods that can be sold again.
matched as (
    select
        refund_lines.source_system,
        refund_lines.refund_id,
        refund_lines.amount,
        refund_lines.quantity,
        coalesce(order_lines.is_gift_card, false) as is_gift_card,
        case
            when refund_lines.restocked
                then
                    {{ money_share(
                        'order_lines.known_cost_amount',
                        'refund_lines.quantity', 'order_lines.quantity',
                        reporting_digits(), scale=6
                    ) }}
        end as returned_cost_amount
    from refund_lines
    inner join refunds
        on
            refund_lines.source_system = refunds.source_system
            and refund_lines.refund_id = refunds.refund_id
    left join order_lines
        on
            refunds.source_system = order_lines.source_system
            and refunds.order_id = order_lines.order_id
            and refund_lines.order_line_no = order_lines.line_no
),

summed as (
    select
        source_system,
        refund_id,
        cast(count(*) as bigint) as line_count,
        cast(sum(quantity) as decimal(18, 6)) as item_quantity,
        cast(sum(case when is_gift_card then 0 else amount end) as decimal(18, 4)) as goods,
        cast(sum(case when is_gift_card then amount else 0 end) as decimal(18, 4)) as gift_cards,
        cast(sum(coalesce(returned_cost_amount, 0)) as decimal(18, 4)) as returned_cost_amount
    from matched
    group by source_system, refund_id
)

select * from summed
