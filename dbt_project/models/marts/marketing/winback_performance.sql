with counted as (
    select * from {{ ref('int_winback_returns_counted') }}
),

attempts as (
    select *
    from {{ ref('int_new_customer_attempts') }}
    where is_closed
),

months as (
    select distinct
        month_on,
        {{ date_plus(month_plus('month_on', 1), -1) }} as month_ends_on
    from counted
),

-- New customers were attempted at other times, so those of a year stand beside a month.
compared as (
    select
        months.month_on,
        count(*) as new_attempts,
        count(case when attempts.has_converted then 1 end) as new_converted
    from months
    inner join attempts
        on
            attempts.sent_on <= months.month_ends_on
            and {{ days_between('attempts.sent_on', 'months.month_ends_on') }}
            < {{ parameter('winback_new_attempt_days') }}
    group by months.month_on
),

rated as (
    select
        counted.*,
        coalesce(compared.new_attempts, 0) as new_attempts,
        coalesce(compared.new_converted, 0) as new_converted,
        cast({{ safe_divide('counted.treated_returned', 'counted.treated', 6) }} as decimal(9, 6))
            as success_rate,
        cast(
            {{ safe_divide('counted.held_out_returned', 'counted.held_out', 6) }} as decimal(9, 6)
        ) as holdout_rate,
        cast(
            {{ safe_divide('compared.new_converted', 'compared.new_attempts', 6) }} as decimal(9, 6)
        ) as new_success_rate,
        cast(
            {{ safe_divide(
                'counted.treated_returned * compared.new_attempts',
                'counted.treated * compared.new_converted',
                6
            ) }} as decimal(18, 6)
        ) as success_ratio_vs_new
    from counted
    left join compared on counted.month_on = compared.month_on
),

winback_performance as (
    select
        month_on,
        experiment,
        breakdown,
        breakdown_code,
        arm_source,
        cast(treated as bigint) as treated,
        cast(treated_returned as bigint) as treated_returned,
        success_rate,
        cast(held_out as bigint) as held_out,
        cast(held_out_returned as bigint) as held_out_returned,
        holdout_rate,
        cast(new_attempts as bigint) as new_attempts,
        cast(new_converted as bigint) as new_converted,
        new_success_rate,
        success_ratio_vs_new,
        cast({{ parameter('winback_vs_new_benchmark') }} as decimal(9, 6)) as benchmark,
        success_ratio_vs_new >= {{ parameter('winback_vs_new_benchmark') }} as is_benchmark_met,
        {{ params_hash() }} as params_hash,
        {{ as_of_date() }} as as_of_date
    from rated
)

select * from winback_performance
