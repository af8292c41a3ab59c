-- What contacts know about who they are. One row per contact.
select
    source_system,
    contact_id,
    account_id,
    master_id,
    email_token as email,
    email_is_role,
    external_system,
    external_ref,
    first_known_on as known_on
from intermediate.int_contacts_latest
