with lines as (
    select * from {{ ref('int_order_lines_costed') }}
),

summed as (
    select
        source_system,
        order_id,
        count(*) as line_count,
        sum(case when is_gift_card then 0 else quantity end) as item_quantity,
        sum(list_own) as list_own,
        sum(case when is_gift_card then list_own else 0 end) as gift_list_own,
        sum(case when is_gift_card then discount_own else 0 end) as gift_discount_own,
        sum(case when is_gift_card then list_amount else 0 end) as gift_list_amount,
        sum(case when is_gift_card then discount_amount else 0 end) as gift_discount_amount,
        sum(net_revenue_gross_of_refunds) as net_revenue_gross_of_refunds,
        sum(case when discount_amount > 0 then net_revenue_gross_of_refunds else 0 end)
            as discounted_net_revenue,
        -- A cost without a rate leaves the order's cost unknown, never too small.
        case when not bool_or(is_cost_unrated) then sum(coalesce(known_cost_amount, 0)) end
            as known_cost_amount,
        sum(case when cost_basis = 'default_rate' then net_revenue_gross_of_refunds else 0 end)
            as uncosted_net_revenue,
        bool_or(not is_gift_card and not is_sample) as has_goods,
        bool_or(cost_basis = 'default_rate') as has_uncosted_line,
        case
            when min(cost_basis) = max(cost_basis) then min(cost_basis)
            when min(cost_basis) <> max(cost_basis) then 'mixed'
        end as cost_basis
    from lines
    group by source_system, order_id
),

typed as (
    select
        source_system,
        order_id,
        cast(line_count as bigint) as line_count,
        cast(item_quantity as decimal(18, 6)) as item_quantity,
        cast(list_own as decimal(18, 4)) as list_own,
        cast(gift_list_own as decimal(18, 4)) as gift_list_own,
        cast(gift_discount_own as decimal(18, 4)) as gift_discount_own,
        cast(gift_list_amount as decimal(18, 4)) as gift_list_amount,
        cast(gift_discount_amount as decimal(18, 4)) as gift_discount_amount,
        cast(net_revenue_gross_of_refunds as decimal(18, 4)) as net_revenue_gross_of_refunds,
        cast(discounted_net_revenue as decimal(18, 4)) as discounted_net_revenue,
        cast(known_cost_amount as decimal(18, 4)) as known_cost_amount,
        cast(uncosted_net_revenue as decimal(18, 4)) as uncosted_net_revenue,
        has_goods,
        coalesce(has_uncosted_line, false) as has_uncosted_line,
        cost_basis
    from summed
)

select * from typed
