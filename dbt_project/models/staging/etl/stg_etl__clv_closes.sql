with source as (
    select * from {{ source('etl', 'clv_closes') }}
),

renamed as (
    select
        close_id,
        month,
        version,
        as_of_on,
        run_id,
        basis_id,
        previous_close_id,
        reason,
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
        cast(closed_at as timestamp) as closed_at
    from source
)

select * from renamed
