with scores as (
    select * from {{ ref('int_clv_scores') }}
),

lookups as (
    select * from {{ ref('stg_etl__clv_lookup') }}
),

horizons as (
    select * from {{ ref('clv_horizons') }}
    where valid_from <= {{ as_of_date() }}
),

-- The same product as in int_clv_scores, so that a year here is twelve months there.
scored as (
    select
        scores.business_unit,
        scores.customer_key,
        horizons.horizon_years,
        scores.alive * lookups.orders_if_alive * scores.expected_order_margin as margin,
        scores.alive * lookups.orders_if_alive_discounted * scores.expected_order_margin
            as margin_discounted
    from scores
    inner join lookups
        on
            scores.business_unit = lookups.business_unit
            and scores.model_segment = lookups.model_segment
            and scores.run_cutoff_on = lookups.run_cutoff_on
            and scores.repeat_orders = lookups.repeat_orders
            and scores.age_days = lookups.age_days
    inner join horizons on lookups.horizon_months = 12 * horizons.horizon_years
)

select * from scored
