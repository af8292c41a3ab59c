with measured as (
    select * from {{ ref('int_customer_values_measured') }}
    where customer_group = 'positive'
),

-- From the smallest up. Equal amounts give equal running totals in whatever order they stand.
ranked as (
    select
        metric,
        business_unit,
        customer_key,
        amount,
        cast(
            row_number() over (
                partition by metric, business_unit
                order by amount asc nulls last, customer_key asc nulls last
            ) as bigint
        ) as position,
        cast(count(*) over (partition by metric, business_unit) as bigint) as customer_count,
        cast(
            sum(amount) over (
                partition by metric, business_unit
                order by amount asc nulls last, customer_key asc nulls last
                rows between unbounded preceding and current row
            ) as decimal(18, 4)
        ) as amount_so_far
    from measured
)

select * from ranked
