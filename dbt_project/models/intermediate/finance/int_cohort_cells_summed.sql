with numbers as (
    {{ whole_numbers(3) }}
),

assigned as (
    select * from {{ ref('int_cohorts_assigned') }}
    where cohort = 'acquired'
),

customer_months as (
    select * from {{ ref('int_customer_months_summed') }}
),

customer_costs as (
    select * from {{ ref('int_customer_acquisition_costs') }}
),

cohorts as (
    select
        assigned.business_unit,
        assigned.acquisition_month as cohort_month,
        cast(count(*) as bigint) as cohort_size,
        case
            when count(customer_costs.cac_unrounded) = count(*)
                then {{ money('sum(customer_costs.cac_unrounded)') }}
        end as acquisition_cost
    from assigned
    left join customer_costs on assigned.customer_key = customer_costs.customer_key
    group by assigned.business_unit, assigned.acquisition_month
),

-- Every month until the as-of date, also those in which nobody came.
cells as (
    select
        cohorts.*,
        numbers.number as months_since
    from cohorts
    inner join numbers
        on numbers.number <= {{ months_between('cohorts.cohort_month', as_of_date()) }}
),

-- What was posted in months before the first purchase that was kept is a line of its own.
dated as (
    select
        assigned.business_unit,
        assigned.acquisition_month as cohort_month,
        {{ months_between('assigned.acquisition_month', 'customer_months.month_on') }}
            as months_since,
        customer_months.is_active,
        customer_months.net_revenue,
        customer_months.margin
    from assigned
    inner join customer_months
        on
            assigned.customer_key = customer_months.customer_key
            and assigned.business_unit = customer_months.business_unit
),

brought as (
    select
        business_unit,
        cohort_month,
        months_since,
        count(case when is_active then 1 end) as active_customers,
        sum(net_revenue) as net_revenue,
        sum(margin) as margin
    from dated
    group by business_unit, cohort_month, months_since
),

summed as (
    select
        cells.business_unit,
        cells.cohort_month,
        cells.months_since,
        {{ month_plus('cells.cohort_month', 'cells.months_since') }} as month_on,
        cells.cohort_size,
        cells.acquisition_cost,
        cast(coalesce(brought.active_customers, 0) as bigint) as active_customers,
        cast(coalesce(brought.net_revenue, 0) as decimal(18, 4)) as net_revenue,
        cast(coalesce(brought.margin, 0) as decimal(18, 4)) as margin
    from cells
    left join brought
        on
            cells.business_unit = brought.business_unit
            and cells.cohort_month = brought.cohort_month
            and cells.months_since = brought.months_since
)

select * from summed
