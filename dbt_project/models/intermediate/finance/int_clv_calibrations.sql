with purchase_days as (
    select * from {{ ref('int_clv_purchase_days') }}
),

-- The later half of a unit's history is held out, at most a year of it.
unit_holdouts as (
    select
        business_unit,
        least(
            cast(ceil({{ days_between('min(ordered_on)', as_of_date()) }} * 0.5) as bigint),
            cast({{ parameter('clv_max_holdout_days') }} as bigint)
        ) as holdout_days
    from purchase_days
    group by business_unit
),

cutoffs as (
    select
        business_unit,
        holdout_days,
        {{ date_plus(as_of_date(), '-holdout_days') }} as calibration_cutoff_on
    from unit_holdouts
),

-- Whoever bought for the first time in the holdout was nobody's customer at the cutoff.
cut as (
    select
        purchase_days.*,
        cutoffs.holdout_days,
        cutoffs.calibration_cutoff_on,
        {{ date_plus(
            'cutoffs.calibration_cutoff_on', '-' ~ parameter('clv_unit_average_window_days')
        ) }} as window_start
    from purchase_days
    inner join cutoffs on purchase_days.business_unit = cutoffs.business_unit
    where purchase_days.first_ordered_on <= cutoffs.calibration_cutoff_on
),

summed as (
    select
        business_unit,
        segment,
        customer_key,
        first_ordered_on,
        history_starts_on,
        holdout_days,
        calibration_cutoff_on,
        {{ purchase_history('calibration_cutoff_on', 'window_start') }},
        cast(count(case when ordered_on > calibration_cutoff_on then 1 end) as bigint)
            as holdout_orders,
        cast(
            sum(case when ordered_on > calibration_cutoff_on then net_revenue else 0 end)
            as decimal(18, 4)
        ) as holdout_revenue
    from cut
    group by
        business_unit,
        segment,
        customer_key,
        first_ordered_on,
        history_starts_on,
        holdout_days,
        calibration_cutoff_on
),

calibrated as (
    select
        calibration_cutoff_on,
        business_unit,
        segment,
        customer_key,
        cast(date_trunc('quarter', first_ordered_on) as date) as cohort,
        repeat_orders,
        {{ days_between('first_ordered_on', 'last_ordered_on') }} as recency_days,
        {{ days_between('first_ordered_on', 'calibration_cutoff_on') }} as age_days,
        spend_occasions,
        {{ money(safe_divide('repeat_spend', 'spend_occasions', 8)) }} as mean_spend,
        first_ordered_on,
        history_starts_on,
        recent_repeat_orders,
        cast(first_spend as decimal(18, 4)) as first_spend,
        holdout_days,
        holdout_orders,
        holdout_revenue
    from summed
)

select * from calibrated
