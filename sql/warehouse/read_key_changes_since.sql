-- What customer keys became after a day. One row per change.
select
    old_key,
    new_key,
    current_key
from marts.customer_key_changes
where changed_on > $since
