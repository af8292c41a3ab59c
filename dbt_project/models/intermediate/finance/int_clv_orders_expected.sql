{% set cells = [
    ['orders_if_alive', [12, 24, 36]],
    ['orders_if_alive_discounted', [12, 24, 36, 60, 120]],
    ['orders_if_alive_discounted_low_rate', [36]],
    ['orders_if_alive_discounted_high_rate', [36]],
    ['p_order_if_alive', [12]],
] -%}

with lookups as (
    select * from {{ ref('stg_etl__clv_lookup') }}
),

residuals as (
    select * from {{ ref('stg_etl__clv_residuals') }}
),

-- One forecast per cell: the maximum only moves it into its column.
pivoted as (
    select
        business_unit,
        model_segment,
        run_cutoff_on,
        repeat_orders,
        age_days
        {%- for measure, horizons in cells %}{% for months in horizons %},
        max(case when horizon_months = {{ months }} then {{ measure }} end)
            as {{ measure }}_{{ months }}m
        {%- endfor %}{% endfor %}
    from lookups
    group by business_unit, model_segment, run_cutoff_on, repeat_orders, age_days
),

expected as (
    select
        pivoted.*,
        residuals.residual_orders_if_alive_discounted,
        residuals.residual_orders_if_alive_discounted_low_rate,
        residuals.residual_orders_if_alive_discounted_high_rate
    from pivoted
    left join residuals
        on
            pivoted.business_unit = residuals.business_unit
            and pivoted.model_segment = residuals.model_segment
            and pivoted.run_cutoff_on = residuals.run_cutoff_on
            and pivoted.repeat_orders = residuals.repeat_orders
            and pivoted.age_days = residuals.age_days
)

select * from expected
