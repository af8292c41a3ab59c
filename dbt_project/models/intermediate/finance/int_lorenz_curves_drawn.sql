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

-- Where nobody has a positive amount there is no curve, only its percentiles.
drawn as (
    select
        percentiles.metric,
        percentiles.business_unit,
        percentiles.percentile,
        {{ round_to_coin('facing.top_amount', 4) }} as top_amount,
        cast({{ safe_divide('facing.top_amount', 'facing.positive_amount', 6) }} as decimal(9, 6))
            as top_share,
        cast(
            {{ safe_divide('facing.bottom_amount', 'facing.positive_amount', 6) }} as decimal(9, 6)
        ) as bottom_share
    from percentiles
    left join facing
        on
            percentiles.metric = facing.metric
            and percentiles.business_unit = facing.business_unit
            and percentiles.percentile = facing.percentile
    where percentiles.percentile > 0
)

select * from drawn
