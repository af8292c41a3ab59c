-- The annual discount rate in force on the build's day.
select value::double as discount_rate_annual
from intermediate.int_parameters_in_force
where parameter = 'clv_discount_rate_annual'
