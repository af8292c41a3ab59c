{% set horizons_months = [12, 24, 36] -%}

with lookups as (
    select * from {{ ref('stg_etl__clv_lookup') }}
),

-- One forecast per cell: the maximum only moves it into its column.
pivoted as (
    select
        business_unit,
        model_segment,
        run_cutoff_on,
        repeat_orders
        {%- for months in horizons_months %},
        max(case when horizon_months = {{ months }} then orders_if_alive end)
            as orders_{{ months }}m_if_alive,
        max(case when horizon_months = {{ months }} then orders_if_alive_discounted end)
            as orders_{{ months }}m_if_alive_discounted
        {%- endfor %},
        max(case when horizon_months = 12 then p_order_if_alive end) as p_order_12m_if_alive,
        age_days
    from lookups
    group by business_unit, model_segment, run_cutoff_on, repeat_orders, age_days
)

select * from pivoted
