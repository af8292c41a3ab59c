-- A customer has no value where that of one unit is unknown: the parts beside it do not count.
with parts as (
    select
        clv_12m_margin_nominal,
        clv_12m_revenue_nominal,
        count(case when model <> 'none' and clv_12m_margin_nominal is null then 1 end)
            over (partition by customer_key) as unknown_margins,
        count(case when model <> 'none' and clv_12m_revenue_nominal is null then 1 end)
            over (partition by customer_key) as unknown_revenues
    from {{ ref('customer_lifetime_value_parts') }}
),

stacked as (
    select
        'parts' as side,
        case when unknown_margins = 0 then clv_12m_margin_nominal end as margin,
        case when unknown_revenues = 0 then clv_12m_revenue_nominal end as revenue
    from parts
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
