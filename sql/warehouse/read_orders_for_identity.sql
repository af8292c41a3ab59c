-- What orders know about who ordered. One row per combination of parties that orders name.
select
    source_system,
    customer_ref,
    coalesce(crm_system, source_system) as crm_system,
    contact_id,
    account_id,
    email_token as email,
    email_is_role,
    min(first_known_on) as known_on
from intermediate.int_orders_latest
group by
    source_system,
    customer_ref,
    coalesce(crm_system, source_system),
    contact_id,
    account_id,
    email_token,
    email_is_role
