-- The win-back experiments that somebody was assigned to before this day. One row per experiment.
select
    experiment,
    arm_source,
    assigned_from_on,
    assigned_to_on,
    reads_on,
    material_difference::double as material_difference,
    cost::double as cost,
    cost_basis
from intermediate.int_winback_experiments_listed
order by experiment asc nulls last
