{{ config(group='warehouse') }}

-- A month opens with what the month before closed with, in every business unit of either.
with lines as (
    select
        month,
        as_of_on,
        business_unit,
        line,
        amount,
        case line when 'closing' then as_of_on else {{ date_plus('month', -1) }} end as turned_on
    from {{ ref('clv_rollforwards') }}
    where line in ('opening', 'closing')
),

followed as (
    select distinct {{ date_plus('month', -1) }} as as_of_on
    from lines
),

compared as (
    select
        lines.turned_on,
        lines.business_unit,
        sum(case lines.line when 'closing' then lines.amount else -lines.amount end) as difference
    from lines
    left join followed on lines.as_of_on = followed.as_of_on
    where lines.line = 'opening' or followed.as_of_on is not null
    group by
        lines.turned_on,
        lines.business_unit
)

select *
from compared
where difference <> 0
