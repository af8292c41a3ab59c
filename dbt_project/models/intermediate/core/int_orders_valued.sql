with assembled as (
    select * from {{ ref('int_orders_assembled') }}
),

-- An order that is not counted earns nothing, whatever it says it sold.
netted as (
    select
        *,
        case when is_counted then list_amount - discount_amount else 0 end as gross_revenue,
        case when is_counted then goods_refunded else 0 end as refunded_revenue,
        case when is_counted then list_amount - discount_amount - goods_refunded else 0 end
            as net_revenue,
        is_counted and goods_own > 0 and refunded_own >= goods_own as is_fully_refunded
    from assembled
),

costed as (
    select
        *,
        {{ assumed_cost('net_revenue', 'uncosted_part', 'lines_whole') }}
        + case when is_counted then known_cost_amount else 0 end as cost_amount,
        {{ variable_cost('net_revenue') }} as variable_cost_amount,
        is_counted and has_goods and not is_fully_refunded as is_purchase_occasion
    from netted
),

valued as (
    select
        source_system,
        order_id,
        customer_key,
        business_unit,
        channel,
        status,
        ordered_at,
        ordered_on,
        currency,
        exchange_rate,
        rate_basis,
        list_amount,
        discount_amount,
        cast(gross_revenue as decimal(18, 4)) as net_revenue_gross_of_refunds,
        cast(refunded_revenue as decimal(18, 4)) as refunded_revenue,
        cast(net_revenue as decimal(18, 4)) as net_revenue,
        cast(case when is_counted then exchange_difference else 0 end as decimal(18, 4))
            as refund_exchange_difference,
        cast(
            case when is_counted then shipping_amount - shipping_refunded else 0 end
            as decimal(18, 4)
        ) as shipping_revenue,
        cast(case when is_counted then tax_amount - tax_refunded else 0 end as decimal(18, 4))
            as tax_amount,
        cast(
            case when is_counted then gift_card_sales - gift_cards_refunded else 0 end
            as decimal(18, 4)
        ) as gift_card_sales,
        cast(cost_amount as decimal(18, 4)) as cost_amount,
        cast(net_revenue - cost_amount - variable_cost_amount as decimal(18, 4)) as margin,
        case when net_revenue is not null then margin_basis end as margin_basis,
        case
            when net_revenue is null then null
            when coalesce(lines_whole, 0) = 0 then 0
            else
                {{ money_share(
                    'net_revenue', 'discounted_part', 'lines_whole', reporting_digits()
                ) }}
        end as discounted_net_revenue,
        cast(item_quantity as decimal(18, 6)) as item_quantity,
        cast(line_count as bigint) as line_count,
        cast(refund_count as bigint) as refund_count,
        cast(paid_amount as decimal(18, 4)) as paid_amount,
        is_counted,
        is_fully_refunded,
        is_purchase_occasion,
        coalesce(is_purchase_occasion and net_revenue > 0, false) as is_net_purchase
    from costed
)

select * from valued
