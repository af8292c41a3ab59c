-- First, last and number of purchase days are counted twice, here and in customers: they agree.
with counted as (
    select
        customer_key,
        count(*) as purchase_days,
        min(ordered_on) as first_ordered_on,
        max(ordered_on) as last_ordered_on
    from {{ ref('int_customer_purchase_days') }}
    group by customer_key
)

select
    customers.customer_key,
    customers.purchase_days,
    counted.purchase_days as purchase_days_counted
from {{ ref('customers') }} as customers
full join counted on customers.customer_key = counted.customer_key
where
    customers.customer_key is null
    or customers.purchase_days <> coalesce(counted.purchase_days, 0)
    or customers.first_ordered_on is distinct from counted.first_ordered_on
    or customers.last_ordered_on is distinct from counted.last_ordered_on
