with purchase_days as (
    select * from {{ ref('int_customer_purchase_days') }}
),

paired as (
    select
        customer_key,
        purchase_no,
        ordered_on,
        lag(ordered_on) over (
            partition by customer_key
            order by purchase_no asc nulls last
        ) as previous_ordered_on
    from purchase_days
),

measured as (
    select
        customer_key,
        purchase_no,
        previous_ordered_on,
        ordered_on,
        {{ days_between('previous_ordered_on', 'ordered_on') }} as interval_days
    from paired
    where previous_ordered_on is not null
)

select * from measured
