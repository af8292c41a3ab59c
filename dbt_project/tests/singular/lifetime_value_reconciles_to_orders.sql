{{ config(group='warehouse') }}

-- Every cent of net revenue is some customer's, or a guest's. Fails when the marts and the orders
-- differ at all.
with customers as (
    select coalesce(sum(historic_net_revenue), 0) as amount
    from {{ ref('customer_lifetime_value') }}
),

guests as (
    select coalesce(sum(net_revenue), 0) as amount
    from {{ ref('int_orders_valued') }}
    where customer_key is null
),

orders as (
    select coalesce(sum(net_revenue), 0) as amount
    from {{ ref('int_orders_valued') }}
),

compared as (
    select
        customers.amount as customers_amount,
        guests.amount as guests_amount,
        orders.amount as orders_amount
    from customers
    cross join guests
    cross join orders
)

select *
from compared
where customers_amount + guests_amount <> orders_amount
