-- On one day at most one experiment takes customers in.
select
    earlier.experiment,
    later.experiment as overlapping
from {{ ref('winback_experiments_planned') }} as earlier
inner join {{ ref('winback_experiments_planned') }} as later
    on
        earlier.experiment <> later.experiment
        and earlier.starts_on <= later.starts_on
        and later.starts_on <= earlier.ends_on
