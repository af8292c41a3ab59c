-- What the customers of some experiments did. One row per experiment and customer.
select
    experiment,
    stratum,
    arm,
    has_returned,
    net_revenue,
    margin
from intermediate.int_winback_outcomes
where list_contains($experiments::varchar[], experiment)
