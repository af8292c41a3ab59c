with refunds as (
    select * from {{ ref('int_refunds_split') }}
),

-- A refund without a rate leaves the order's sums unknown, never too small.
summed as (
    select
        source_system,
        order_id,
        cast(count(*) as bigint) as refund_count,
        cast(sum(goods_own) as decimal(18, 4)) as goods_own,
        case
            when count(goods_amount) = count(*) then cast(sum(goods_amount) as decimal(18, 4))
        end as goods_amount,
        case
            when count(goods_amount) = count(*) then cast(sum(gift_card_amount) as decimal(18, 4))
        end as gift_card_amount,
        case
            when count(goods_amount) = count(*) then cast(sum(shipping_amount) as decimal(18, 4))
        end as shipping_amount,
        case
            when count(goods_amount) = count(*) then cast(sum(tax_amount) as decimal(18, 4))
        end as tax_amount,
        case
            when count(exchange_difference) = count(*)
                then cast(sum(exchange_difference) as decimal(18, 4))
        end as exchange_difference,
        cast(sum(returned_cost_amount) as decimal(18, 4)) as returned_cost_amount
    from refunds
    group by source_system, order_id
)

select * from summed
