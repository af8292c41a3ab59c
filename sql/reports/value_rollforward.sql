-- title: What became of customer value in the month closed last
-- audience: finance
-- answers: How did the value of one month's end become that of the next, by shop and in total?
-- reads: clv_rollforwards
with latest as (
    select * from clv_rollforwards
    where month = (select max(every_month.month) from clv_rollforwards as every_month)
),

by_shop as (
    select
        month,
        business_unit,
        line_no,
        line,
        amount,
        reporting_currency,
        false as is_total
    from latest
),

in_total as (
    select
        month,
        'all shops' as business_unit,
        line_no,
        line,
        sum(amount) as amount,
        reporting_currency,
        true as is_total
    from latest
    group by month, line_no, line, reporting_currency
),

both_levels as (
    select * from by_shop
    union all
    select * from in_total
)

select
    month,
    business_unit,
    line,
    amount,
    reporting_currency
from both_levels
order by is_total asc nulls last, business_unit asc nulls last, line_no asc nulls last
