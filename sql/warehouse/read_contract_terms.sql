-- Contracts by what renews them: one row per combination, with the number of contracts.
select
    state,
    periods_survived,
    is_renewal_missed,
    days_to_renewal,
    count(*) as contracts
from intermediate.int_contract_terms
group by state, periods_survived, is_renewal_missed, days_to_renewal
-- The fit adds doubles up: in one order, whatever order the engine wrote them in.
order by
    state asc nulls last,
    periods_survived asc nulls last,
    is_renewal_missed asc nulls last,
    days_to_renewal asc nulls last
