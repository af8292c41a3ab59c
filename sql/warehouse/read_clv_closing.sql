-- What a close freezes, and the purchase history that it is valued from. One row per customer and
-- business unit.
with exchange_differences as (
    select
        customer_key,
        business_unit,
        sum(refund_exchange_difference) as historic_refund_exchange_difference
    from marts.orders
    where is_counted and customer_key is not null
    group by customer_key, business_unit
)

select
    parts.customer_key,
    parts.business_unit,
    parts.rule_id,
    parts.model,
    parts.model_segment,
    parts.model_run_id,
    parts.clv_cutoff_on,
    parts.sufficiency,
    parts.orders,
    parts.purchase_days,
    summaries.first_ordered_on,
    (summaries.first_ordered_on + summaries.recency_days::integer)::date as last_ordered_on,
    parts.repeat_orders,
    parts.recency_days,
    parts.age_days,
    summaries.segment,
    summaries.spend_occasions,
    summaries.mean_spend::double as mean_spend,
    parts.historic_revenue,
    parts.historic_refunds,
    coalesce(exchange_differences.historic_refund_exchange_difference, 0)::decimal(18, 4)
        as historic_refund_exchange_difference,
    parts.historic_net_revenue,
    parts.historic_margin,
    parts.p_alive,
    parts.lapses_on,
    parts.expected_orders_12m,
    parts.expected_orders_36m,
    parts.expected_order_value,
    case when parts.margin_rate is not null then margin_rates.margin_rate end as margin_rate,
    parts.clv_12m_margin_discounted,
    parts.clv_36m_margin_discounted,
    parts.clv_residual_margin_discounted
from marts.customer_lifetime_value_parts as parts
left join intermediate.int_clv_summaries as summaries
    on
        parts.customer_key = summaries.customer_key
        and parts.business_unit = summaries.business_unit
left join exchange_differences
    on
        parts.customer_key = exchange_differences.customer_key
        and parts.business_unit = exchange_differences.business_unit
left join intermediate.int_margin_rates_realised as margin_rates
    on parts.business_unit = margin_rates.business_unit
order by parts.customer_key asc nulls last, parts.business_unit asc nulls last
