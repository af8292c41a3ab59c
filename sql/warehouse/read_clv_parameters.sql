-- The settings of the value models in force on the build's day. One row per parameter.
select
    parameter,
    value::double as value
from intermediate.int_parameters_in_force
where parameter like 'clv\_%' escape '\'
order by parameter asc nulls last
