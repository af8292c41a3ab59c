-- Money that nothing says the worth of, in the order of a list for people.
select
    record_type,
    source_system,
    order_id,
    record_id,
    currency,
    needed_on,
    has_inverse_rate
from intermediate.int_records_without_rate
order by
    currency asc nulls first,
    needed_on asc nulls last,
    source_system asc nulls last,
    record_type asc nulls last,
    order_id asc nulls last,
    record_id asc nulls last
