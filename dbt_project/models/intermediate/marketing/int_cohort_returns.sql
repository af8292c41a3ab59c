with customers as (
    select * from {{ ref('customers') }}
),

first_intervals as (
    select *
    from {{ ref('int_customer_intervals') }}
    where
        purchase_no = 2
        and ordered_on < cast(date_trunc('month', {{ as_of_date() }}) as date)
),

-- Only customers who had the whole time to return, and whose first purchase is really their
-- first: where the history starts in the middle of a relationship it is not.
returners as (
    select
        customers.primary_business_unit as business_unit,
        customers.customer_type,
        first_intervals.customer_key,
        first_intervals.interval_days
    from first_intervals
    inner join customers on first_intervals.customer_key = customers.customer_key
    where
        not coalesce(customers.is_left_censored, false)
        and first_intervals.interval_days <= {{ parameter('activity_return_window_days') }}
        and {{ days_between(
            'first_intervals.previous_ordered_on',
            "cast(date_trunc('month', " ~ as_of_date() ~ ") as date)"
        ) }} > {{ parameter('activity_return_window_days') }}
),

ranked as (
    select
        business_unit,
        customer_type,
        interval_days,
        row_number() over (
            partition by business_unit, customer_type
            order by interval_days asc nulls last, customer_key asc nulls last
        ) as cohort_rank,
        count(*) over (partition by business_unit, customer_type) as cohort_size,
        row_number() over (
            order by interval_days asc nulls last, customer_key asc nulls last
        ) as overall_rank,
        count(*) over () as overall_size
    from returners
),

-- The smallest interval that covers the wanted share, by counting: exact on every engine.
cohort_returns as (
    select
        business_unit,
        customer_type,
        cast(max(cohort_size) as bigint) as customer_count,
        min(interval_days) as return_days
    from ranked
    where cohort_rank >= cohort_size * {{ parameter('activity_return_quantile') }}
    group by business_unit, customer_type
),

overall as (
    select
        cast(null as string) as business_unit,
        cast(null as string) as customer_type,
        cast(coalesce(max(overall_size), 0) as bigint) as customer_count,
        min(interval_days) as return_days
    from ranked
    where overall_rank >= overall_size * {{ parameter('activity_return_quantile') }}
),

returns as (
    select * from cohort_returns
    union all
    select * from overall
)

select * from returns
