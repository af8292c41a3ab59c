with parts as (
    select * from {{ ref('customer_lifetime_value_parts') }}
),

-- The unit bought from on most days speaks for the customer where a sum would mean nothing.
primary_parts as (
    select
        customer_key,
        business_unit,
        repeat_orders,
        recency_days,
        age_days,
        spend_occasions,
        p_alive,
        lapses_on,
        p_order_12m,
        expected_order_value,
        spend_basis,
        margin_rate,
        clv_12m_margin_discounted_if_reactivated,
        model,
        spend_model,
        model_segment,
        model_run_id,
        choice_code,
        clv_cutoff_on
    from parts
    qualify
        row_number() over (
            partition by customer_key
            order by purchase_days desc nulls last, business_unit asc nulls last
        ) = 1
)

select * from primary_parts
