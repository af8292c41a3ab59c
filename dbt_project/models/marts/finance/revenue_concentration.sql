with summed as (
    select * from {{ ref('int_concentrations_summed') }}
),

curves as (
    select * from {{ ref('int_lorenz_curves_drawn') }}
),

revenue_concentration as (
    select
        {{ as_of_date() }} as as_of_date,
        summed.metric,
        summed.business_unit,
        curves.percentile,
        case
            when summed.metric like '%recent'
                then cast({{ parameter('revenue_concentration_days') }} as bigint)
        end as window_days,
        curves.top_amount,
        curves.top_share,
        curves.bottom_share,
        max(case when curves.percentile = 20 then curves.top_share end) over (
            partition by summed.metric, summed.business_unit
        ) as top_20_share,
        cast({{ parameter('revenue_concentration_benchmark') }} as decimal(9, 6))
            as benchmark_top_20_share,
        cast(summed.gini as decimal(9, 6)) as gini,
        summed.positive_customers,
        summed.zero_customers,
        summed.negative_customers,
        summed.internal_customers,
        summed.positive_amount,
        summed.negative_amount,
        summed.internal_amount,
        summed.unattributed_amount,
        cast(
            summed.positive_amount + summed.negative_amount
            + summed.internal_amount + summed.unattributed_amount as decimal(18, 4)
        ) as total_amount,
        summed.class_a_customers,
        summed.class_b_customers,
        summed.class_c_customers
    from summed
    inner join curves
        on summed.metric = curves.metric and summed.business_unit = curves.business_unit
)

select * from revenue_concentration
