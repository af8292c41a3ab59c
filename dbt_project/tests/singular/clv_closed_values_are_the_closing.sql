{{ config(group='warehouse') }}

-- The frozen rows of persons add up to the frozen closing, unless a person was erased since.
with closes as (
    select * from {{ ref('clv_month_closes') }}
    where is_latest
),

closed_values as (
    select
        month,
        business_unit,
        clv_residual_margin_discounted
    from {{ ref('clv_closed_values') }}
    where is_latest
),

counted as (
    select
        month,
        count(*) as value_rows
    from closed_values
    group by month
),

whole as (
    select closes.month
    from closes
    left join counted on closes.month = counted.month
    where closes.value_rows = coalesce(counted.value_rows, 0)
),

amounts as (
    select
        month,
        business_unit,
        coalesce(clv_residual_margin_discounted, 0) as amount
    from closed_values
    union all
    select
        month,
        business_unit,
        -amount as amount
    from {{ ref('clv_rollforwards') }}
    where line = 'closing'
)

select
    amounts.month,
    amounts.business_unit,
    sum(amounts.amount) as difference
from amounts
inner join whole on amounts.month = whole.month
group by amounts.month, amounts.business_unit
having sum(amounts.amount) <> 0
