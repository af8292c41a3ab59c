-- Who enters an experiment on this day; the rows to be kept in state.
select
    assigned_key,
    experiment,
    arm,
    bucket,
    stratum,
    eligible_on
from intermediate.int_winback_entries
order by experiment asc nulls last, assigned_key asc nulls last
