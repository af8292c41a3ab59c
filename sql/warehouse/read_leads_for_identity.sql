-- What leads know about who they are and became. One row per lead.
select
    source_system,
    lead_id,
    converted_contact_id,
    converted_account_id,
    email_token as email,
    email_is_role,
    first_known_on as known_on
from intermediate.int_leads_latest
