-- The amounts that must be equal, pair by pair.
select
    check_name,
    business_unit,
    description,
    left_amount,
    right_amount,
    difference
from marts.reconciliation
order by check_name asc nulls last, business_unit asc nulls last
