with purchase_days as (
    select
        business_unit,
        customer_key,
        ordered_on
    from {{ ref('int_orders_valued') }}
    where is_purchase_occasion and customer_key is not null
),

-- Who ordered in the year before last, and whether also in the last one.
yearly as (
    select
        business_unit,
        customer_key,
        max(case
            when
                ordered_on > {{ date_plus(as_of_date(), -730) }}
                and ordered_on <= {{ date_plus(as_of_date(), -365) }} then 1
            else 0
        end) as in_year_before_last,
        max(case when ordered_on > {{ date_plus(as_of_date(), -365) }} then 1 else 0 end)
            as in_last_year
    from purchase_days
    group by business_unit, customer_key
),

observed as (
    select
        business_unit,
        cast(sum(in_year_before_last) as bigint) as customers_before,
        cast(sum(in_year_before_last * in_last_year) as bigint) as customers_retained
    from yearly
    group by business_unit
),

rated as (
    select
        business_unit,
        customers_before,
        customers_retained,
        cast({{ safe_divide('customers_retained', 'customers_before', 6) }} as decimal(9, 6))
            as retention_rate
    from observed
)

select * from rated
