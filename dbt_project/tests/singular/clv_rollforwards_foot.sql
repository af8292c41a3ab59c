{{ config(group='warehouse') }}

-- Opening and lines are the closing, per month and business unit, to the last decimal.
select
    month,
    business_unit,
    sum(case when line = 'closing' then -amount else amount end) as difference
from {{ ref('clv_rollforwards') }}
group by month, business_unit
having sum(case when line = 'closing' then -amount else amount end) <> 0
