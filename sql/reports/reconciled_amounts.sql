-- title: Whether the finance tables add up
-- audience: finance
-- answers: Which amounts must be equal, are they, and what are they?
-- reads: reconciliation
select
    check_name,
    business_unit,
    left_amount,
    right_amount,
    difference,
    description
from reconciliation
order by check_name asc nulls last, business_unit asc nulls last
