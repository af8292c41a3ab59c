-- Whose class is not what it was before the day. One row per customer and domain.
select
    customer_key,
    domain,
    code
from intermediate.int_classes_changed_today
