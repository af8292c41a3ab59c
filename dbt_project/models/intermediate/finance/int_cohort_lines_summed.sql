with assigned as (
    select * from {{ ref('int_cohorts_assigned') }}
),

customer_months as (
    select * from {{ ref('int_customer_months_summed') }}
),

-- Guests are nobody's customers: they have no number either.
summed as (
    select
        customer_months.business_unit,
        coalesce(assigned.cohort, 'unattributed') as cohort,
        case
            when count(assigned.customer_key) > 0
                then cast(count(distinct customer_months.customer_key) as bigint)
        end as cohort_size,
        cast(sum(customer_months.net_revenue) as decimal(18, 4)) as net_revenue,
        cast(sum(customer_months.margin) as decimal(18, 4)) as margin
    from customer_months
    left join assigned
        on
            customer_months.customer_key = assigned.customer_key
            and customer_months.business_unit = assigned.business_unit
    where assigned.cohort is null or assigned.cohort <> 'acquired'
    group by customer_months.business_unit, coalesce(assigned.cohort, 'unattributed')
)

select * from summed
