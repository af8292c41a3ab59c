-- The settings of experiments in force on the build's day. One row per parameter.
select
    parameter,
    value::double as value
from intermediate.int_parameters_in_force
where parameter like 'experiment\_%' escape '\'
order by parameter asc nulls last
