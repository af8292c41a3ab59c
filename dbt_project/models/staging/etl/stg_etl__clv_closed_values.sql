with source as (
    select * from {{ source('etl', 'clv_closed_values') }}
),

renamed as (
    select
        close_id,
        customer_key,
        business_unit,
        rule_id,
        model,
        model_segment,
        model_run_id,
        clv_cutoff_on,
        sufficiency,
        orders,
        purchase_days,
        first_ordered_on,
        last_ordered_on,
        repeat_orders,
        historic_revenue,
        historic_refunds,
        historic_refund_exchange_difference,
        historic_net_revenue,
        historic_margin,
        p_alive,
        lapses_on,
        expected_orders_12m,
        expected_orders_36m,
        expected_order_value,
        margin_rate,
        clv_12m_margin_discounted,
        clv_36m_margin_discounted,
        clv_residual_margin_discounted
    from source
)

select * from renamed
