-- What orders know about who ordered. One row per order.
select
    source_system,
    order_id,
    customer_ref,
    email_token as email,
    email_is_role,
    first_known_on as known_on
from intermediate.int_orders_latest
