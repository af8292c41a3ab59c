-- Whose address may become a match key of an export. One row per customer.
select
    customer_key,
    email_token,
    phone_token
from intermediate.int_customer_match_tokens
order by customer_key asc nulls last
