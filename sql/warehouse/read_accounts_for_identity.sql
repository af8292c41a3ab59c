-- What accounts know about who they are. One row per account.
select
    source_system,
    account_id,
    master_id,
    email_token as email,
    email_is_role,
    is_person,
    external_system,
    external_ref,
    first_known_on as known_on
from intermediate.int_accounts_latest
