with customers as (
    select * from {{ ref('customers') }}
),

-- Frozen for a month: only days up to the end of the last month count, so that within a month
-- nobody's status moves because somebody else bought. What becomes known of those days later (a
-- late delivery, a refund, a merge) counts from the day it is known.
frozen_intervals as (
    select *
    from {{ ref('int_customer_intervals') }}
    where ordered_on < cast(date_trunc('month', {{ as_of_date() }}) as date)
),

-- Each customer counts once, else those who buy daily would set everybody's rhythm.
own_medians as (
    select
        customers.primary_business_unit as business_unit,
        customers.customer_type,
        customers.customer_key,
        median(frozen_intervals.interval_days) as own_median_days
    from frozen_intervals
    inner join customers on frozen_intervals.customer_key = customers.customer_key
    group by
        customers.primary_business_unit,
        customers.customer_type,
        customers.customer_key
),

cohort_medians as (
    select
        business_unit,
        customer_type,
        cast(count(*) as bigint) as customer_count,
        cast(median(own_median_days) as decimal(18, 6)) as median_days
    from own_medians
    group by business_unit, customer_type
),

overall as (
    select
        cast(null as string) as business_unit,
        cast(null as string) as customer_type,
        cast(count(*) as bigint) as customer_count,
        cast(median(own_median_days) as decimal(18, 6)) as median_days
    from own_medians
),

medians as (
    select * from cohort_medians
    union all
    select * from overall
)

select * from medians
