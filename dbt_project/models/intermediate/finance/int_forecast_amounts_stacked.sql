with stacked as (
    select
        'parts' as side,
        clv_12m_margin_nominal as margin,
        clv_12m_revenue_nominal as revenue
    from {{ ref('customer_lifetime_value_parts') }}
    union all
    select
        'customers' as side,
        clv_12m_margin_nominal as margin,
        clv_12m_revenue_nominal as revenue
    from {{ ref('customer_lifetime_value') }}
    union all
    select
        'horizons' as side,
        clv_margin_nominal as margin,
        cast(null as decimal(18, 4)) as revenue
    from {{ ref('customer_lifetime_value_horizons') }}
    where horizon_years = 1
),

summed as (
    select
        side,
        'all' as business_unit,
        cast(coalesce(sum(margin), 0) as decimal(18, 4)) as forecast_12m_margin,
        cast(coalesce(sum(revenue), 0) as decimal(18, 4)) as forecast_12m_revenue
    from stacked
    group by side
)

select * from summed
