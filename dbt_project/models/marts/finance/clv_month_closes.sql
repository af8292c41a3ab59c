with closes as (
    select * from {{ ref('stg_etl__clv_closes') }}
),

numbered as (
    select
        *,
        max(version) over (partition by month) as last_version
    from closes
),

clv_month_closes as (
    select
        month,
        version,
        version = last_version as is_latest,
        close_id,
        as_of_on,
        run_id,
        reason,
        previous_close_id,
        reporting_currency,
        discount_rate_annual,
        customers,
        value_rows,
        forecast_rows,
        clv_12m_margin_discounted,
        clv_36m_margin_discounted,
        clv_residual_margin_discounted,
        historic_net_revenue,
        historic_margin,
        values_hash,
        closed_at
    from numbered
)

select * from clv_month_closes
