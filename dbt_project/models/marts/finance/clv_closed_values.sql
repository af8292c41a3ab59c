with closes as (
    select * from {{ ref('clv_month_closes') }}
),

closed as (
    select * from {{ ref('stg_etl__clv_closed_values') }}
),

-- Where a key of then is found today; null where nothing is left of it.
current_keys as (
    select
        old_key,
        max(current_key) as current_key
    from {{ ref('stg_etl__customer_key_changes') }}
    group by old_key
),

clv_closed_values as (
    select
        closes.month,
        closes.version,
        closes.is_latest,
        closed.customer_key,
        case
            when current_keys.old_key is null then closed.customer_key
            else current_keys.current_key
        end as current_customer_key,
        closed.business_unit,
        closes.as_of_on,
        closes.reporting_currency,
        closed.rule_id,
        closed.model,
        closed.model_segment,
        closed.model_run_id,
        closed.clv_cutoff_on,
        closed.sufficiency,
        closed.orders,
        closed.purchase_days,
        closed.first_ordered_on,
        closed.last_ordered_on,
        closed.repeat_orders,
        closed.historic_revenue,
        closed.historic_refunds,
        closed.historic_refund_exchange_difference,
        closed.historic_net_revenue,
        closed.historic_margin,
        closed.p_alive,
        closed.lapses_on,
        closed.expected_orders_12m,
        closed.expected_orders_36m,
        closed.expected_order_value,
        closed.margin_rate,
        closed.clv_12m_margin_discounted,
        closed.clv_36m_margin_discounted,
        closed.clv_residual_margin_discounted
    from closed
    inner join closes on closed.close_id = closes.close_id
    left join current_keys on closed.customer_key = current_keys.old_key
)

select * from clv_closed_values
