with numbers as (
    {{ whole_numbers(3) }}
),

summed as (
    select * from {{ ref('int_concentrations_summed') }}
),

ranked as (
    select * from {{ ref('int_customer_values_ranked') }}
),

percentiles as (
    select
        summed.metric,
        summed.business_unit,
        numbers.number as percentile,
        summed.positive_customers * numbers.number as hundredths
    from summed
    inner join numbers on numbers.number <= 100
),

-- A percentile may fall within a customer: then that part of their amount counts.
placed as (
    select
        percentiles.metric,
        percentiles.business_unit,
        percentiles.percentile,
        cast(
            cast(ranked.amount_so_far - ranked.amount as decimal(24, 6))
            + cast(ranked.amount as decimal(18, 4))
            * cast(percentiles.hundredths - 100 * (ranked.position - 1) as decimal(10, 0))
            * cast(0.01 as decimal(3, 2))
            as decimal(24, 6)
        ) as bottom_amount
    from percentiles
    inner join ranked
        on
            percentiles.metric = ranked.metric
            and percentiles.business_unit = ranked.business_unit
            and ranked.position = least(
                cast({{ integer_divide('percentiles.hundredths', '100') }} as bigint) + 1,
                ranked.customer_count
            )
),

facing as (
    select
        placed.metric,
        placed.business_unit,
        placed.percentile,
        summed.positive_amount,
        placed.bottom_amount,
        summed.positive_amount - others.bottom_amount as top_amount
    from placed
    inner join placed as others
        on
            placed.metric = others.metric
            and placed.business_unit = others.business_unit
            and others.percentile = 100 - placed.percentile
    inner join summed
        on placed.metric = summed.metric and placed.business_unit = summed.business_unit
),

shared as (
    select
        metric,
        business_unit,
        percentile,
        {{ round_to_coin('top_amount', 4) }} as top_amount,
        {{ safe_divide('top_amount', 'positive_amount', 6) }} as top_share,
        {{ safe_divide('bottom_amount', 'positive_amount', 6) }} as bottom_share
    from facing
),

revenue_concentration as (
    select
        {{ as_of_date() }} as as_of_date,
        summed.metric,
        summed.business_unit,
        percentiles.percentile,
        case
            when summed.metric like '%recent'
                then cast({{ parameter('revenue_concentration_days') }} as bigint)
        end as window_days,
        shared.top_amount,
        cast(shared.top_share as decimal(9, 6)) as top_share,
        cast(shared.bottom_share as decimal(9, 6)) as bottom_share,
        cast(
            max(case when percentiles.percentile = 20 then shared.top_share end) over (
                partition by summed.metric, summed.business_unit
            ) as decimal(9, 6)
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
    inner join percentiles
        on
            summed.metric = percentiles.metric
            and summed.business_unit = percentiles.business_unit
    left join shared
        on
            percentiles.metric = shared.metric
            and percentiles.business_unit = shared.business_unit
            and percentiles.percentile = shared.percentile
    where percentiles.percentile > 0
)

select * from revenue_concentration
