with cohorts as (
    select distinct
        primary_business_unit as business_unit,
        customer_type
    from {{ ref('customers') }}
    where primary_business_unit is not null
),

medians as (
    select * from {{ ref('int_cohort_medians') }}
),

returns as (
    select * from {{ ref('int_cohort_returns') }}
),

-- A cohort speaks for itself once it is large enough; else all customers speak for it.
joined as (
    select
        cohorts.business_unit,
        cohorts.customer_type,
        {{ date_plus("cast(date_trunc('month', " ~ as_of_date() ~ ") as date)", -1) }}
            as frozen_through_on,
        case
            when own_medians.customer_count >= {{ parameter('activity_cohort_min') }}
                then own_medians.median_days
        end as own_median_days,
        all_medians.median_days as all_median_days,
        case
            when own_returns.customer_count >= {{ parameter('activity_cohort_min') }}
                then own_returns.return_days
        end as own_return_days,
        all_returns.return_days as all_return_days
    from cohorts
    left join medians as own_medians
        on
            cohorts.business_unit = own_medians.business_unit
            and cohorts.customer_type = own_medians.customer_type
    left join returns as own_returns
        on
            cohorts.business_unit = own_returns.business_unit
            and cohorts.customer_type = own_returns.customer_type
    left join medians as all_medians on all_medians.business_unit is null
    left join returns as all_returns on all_returns.business_unit is null
),

chosen as (
    select
        business_unit,
        customer_type,
        frozen_through_on,
        cast(
            coalesce(
                own_median_days,
                all_median_days,
                {{ parameter('activity_gap_default_days') }}
            ) as decimal(18, 6)
        ) as cohort_median_days,
        case
            when own_median_days is not null then 'cohort'
            when all_median_days is not null then 'all'
            else 'default'
        end as median_basis,
        cast(
            coalesce(
                own_return_days,
                all_return_days,
                {{ parameter('activity_gap_default_days') }}
            ) as decimal(18, 6)
        ) as one_time_gap_days,
        case
            when own_return_days is not null then 'cohort'
            when all_return_days is not null then 'all'
            else 'default'
        end as one_time_basis
    from joined
)

select * from chosen
