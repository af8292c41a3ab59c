with assigned as (
    select * from {{ ref('int_cohorts_assigned') }}
),

customer_months as (
    select * from {{ ref('int_customer_months_summed') }}
),

-- Guests are nobody's customers: they have no number either. Of a cohort only what was posted in
-- the months before its own stands here; the rest is in its cells.
labelled as (
    select
        customer_months.business_unit,
        customer_months.customer_key,
        case assigned.cohort
            when 'acquired' then 'before_first_purchase'
            else coalesce(assigned.cohort, 'unattributed')
        end as cohort,
        customer_months.net_revenue,
        customer_months.margin
    from customer_months
    left join assigned
        on
            customer_months.customer_key = assigned.customer_key
            and customer_months.business_unit = assigned.business_unit
    where
        assigned.cohort is null
        or assigned.cohort <> 'acquired'
        or customer_months.month_on < assigned.acquisition_month
),

summed as (
    select
        business_unit,
        cohort,
        case
            when count(customer_key) > 0 then cast(count(distinct customer_key) as bigint)
        end as cohort_size,
        cast(sum(net_revenue) as decimal(18, 4)) as net_revenue,
        cast(sum(margin) as decimal(18, 4)) as margin
    from labelled
    group by business_unit, cohort
)

select * from summed
