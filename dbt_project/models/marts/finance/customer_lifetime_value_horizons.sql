with lifetime_values as (
    select * from {{ ref('customer_lifetime_value') }}
    where rule_id in ('CV11_FORECAST', 'CV12_PARTLY_FORECAST', 'CV13_UNIT_AVERAGE', 'CV21_NO_MODEL')
),

parts as (
    select
        customer_key,
        business_unit,
        history_days,
        count(*) over (partition by customer_key) as forecast_units
    from {{ ref('int_lifetime_values_ruled') }}
    where is_forecast
),

textbook as (
    select * from {{ ref('int_textbook_values_computed') }}
),

scores as (
    select * from {{ ref('int_clv_horizons_scored') }}
),

-- Money before it is summed, as in customer_lifetime_value_parts. Part of a sum is no sum: no row
-- where some unit's forecast does not reach so far, null where a unit's margin is unknown.
summed as (
    select
        scores.customer_key,
        scores.horizon_years,
        case when count(scores.margin) = count(*) then sum({{ money('scores.margin') }}) end
            as clv_margin_nominal,
        case
            when count(scores.margin_discounted) = count(*)
                then sum({{ money('scores.margin_discounted') }})
        end as clv_margin_discounted,
        max(case
            when
                scores.horizon_years * 365.25
                > {{ parameter('clv_extrapolation_ratio') }} * parts.history_days then 1
            else 0
        end) = 1 as is_extrapolated
    from scores
    inner join parts
        on
            scores.customer_key = parts.customer_key
            and scores.business_unit = parts.business_unit
    group by scores.customer_key, scores.horizon_years
    having count(*) = max(parts.forecast_units)
),

customer_lifetime_value_horizons as (
    select
        lifetime_values.customer_key,
        textbook.horizon_years,
        lifetime_values.as_of_date,
        lifetime_values.reporting_currency,
        cast(summed.clv_margin_nominal as decimal(18, 4)) as clv_margin_nominal,
        cast(summed.clv_margin_discounted as decimal(18, 4)) as clv_margin_discounted,
        summed.is_extrapolated,
        lifetime_values.model,
        lifetime_values.rule_id,
        textbook.textbook_clv,
        textbook.annual_margin as textbook_annual_margin,
        textbook.retention_rate as textbook_retention_rate,
        textbook.discount_rate_annual
    from lifetime_values
    inner join textbook on lifetime_values.customer_key = textbook.customer_key
    left join summed
        on
            textbook.customer_key = summed.customer_key
            and textbook.horizon_years = summed.horizon_years
)

select * from customer_lifetime_value_horizons
