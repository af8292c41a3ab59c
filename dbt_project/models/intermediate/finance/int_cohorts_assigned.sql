with units as (
    select * from {{ ref('int_customer_units_valued') }}
),

customers as (
    select * from {{ ref('customers') }}
),

acquired as (
    select * from {{ ref('int_customers_acquired') }}
),

-- One cohort for each customer, in the unit that won them; elsewhere their money has its own line.
assigned as (
    select
        units.customer_key,
        units.business_unit,
        case
            when customers.is_internal then 'internal'
            when acquired.customer_key is null then 'no_purchase'
            when acquired.is_left_censored then 'left_censored'
            when acquired.business_unit <> units.business_unit then 'acquired_elsewhere'
            else 'acquired'
        end as cohort,
        acquired.acquisition_month
    from units
    inner join customers on units.customer_key = customers.customer_key
    left join acquired on units.customer_key = acquired.customer_key
)

select * from assigned
