with customers as (
    select *
    from {{ ref('customers') }}
    where last_ordered_on is not null
),

intervals as (
    select * from {{ ref('int_customer_intervals') }}
),

cohort_gaps as (
    select * from {{ ref('int_cohort_gaps') }}
),

marked as (
    select
        customer_key,
        interval_days,
        purchase_no = max(purchase_no) over (partition by customer_key) as is_last
    from intervals
),

-- Once with the last interval and once without: what was known before the last purchase.
own_rhythms as (
    select
        customer_key,
        cast(count(*) as bigint) as interval_count,
        cast(median(interval_days) as decimal(18, 6)) as own_median_days,
        cast(
            median(case when not is_last then interval_days end) as decimal(18, 6)
        ) as own_median_before_days,
        max(case when is_last then interval_days end) as last_interval_days
    from marked
    group by customer_key
),

joined as (
    select
        customers.customer_key,
        coalesce(own_rhythms.interval_count, 0) as interval_count,
        case
            when own_rhythms.interval_count >= 1 then own_rhythms.interval_count - 1
        end as interval_count_before,
        own_rhythms.own_median_days,
        own_rhythms.own_median_before_days,
        own_rhythms.last_interval_days,
        cohort_gaps.cohort_median_days,
        cohort_gaps.one_time_gap_days,
        cohort_gaps.median_basis,
        cohort_gaps.one_time_basis
    from customers
    inner join cohort_gaps
        on
            customers.primary_business_unit = cohort_gaps.business_unit
            and customers.customer_type = cohort_gaps.customer_type
    left join own_rhythms on customers.customer_key = own_rhythms.customer_key
),

expected as (
    select
        customer_key,
        interval_count,
        own_median_days,
        last_interval_days,
        {{ expected_gap(
            'interval_count', 'own_median_days', 'cohort_median_days', 'one_time_gap_days'
        ) }} as gap_days,
        {{ expected_gap(
            'interval_count_before', 'own_median_before_days', 'cohort_median_days',
            'one_time_gap_days'
        ) }} as gap_before_days,
        case
            when interval_count = 0 then 'one_time_' || one_time_basis
            else 'own_and_' || median_basis
        end as gap_basis
    from joined
)

select * from expected
