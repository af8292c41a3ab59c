with closes as (
    select * from {{ ref('clv_month_closes') }}
    where is_latest
),

closed_lines as (
    select * from {{ ref('stg_etl__clv_closed_lines') }}
),

frozen as (
    select
        closes.month,
        closes.as_of_on,
        closed_lines.business_unit,
        closed_lines.line_no,
        closed_lines.line,
        closed_lines.amount
    from closed_lines
    inner join closes on closed_lines.close_id = closes.close_id
),

-- The month before as it stands now: it may have been closed again since this one opened with it.
openings as (
    select
        closes.month,
        frozen.business_unit,
        frozen.amount
    from frozen
    inner join closes on {{ date_plus('closes.month', -1) }} = frozen.as_of_on
    where frozen.line = 'closing'
),

units as (
    select
        month,
        business_unit
    from frozen
    union distinct
    select
        month,
        business_unit
    from openings
),

every_line as (
    select
        line,
        max(line_no) as line_no
    from frozen
    group by line
),

amounts as (
    select
        units.month,
        units.business_unit,
        every_line.line_no,
        every_line.line,
        coalesce(frozen.amount, 0) as amount,
        coalesce(opened.amount, 0) as opening_frozen,
        coalesce(openings.amount, 0) as opening_standing
    from units
    cross join every_line
    left join frozen
        on
            units.month = frozen.month
            and units.business_unit = frozen.business_unit
            and every_line.line = frozen.line
    left join frozen as opened
        on
            units.month = opened.month
            and units.business_unit = opened.business_unit
            and opened.line = 'opening'
    left join openings
        on units.month = openings.month and units.business_unit = openings.business_unit
),

clv_rollforwards as (
    select
        amounts.month,
        amounts.business_unit,
        amounts.line_no,
        amounts.line,
        cast(
            case amounts.line
                when 'opening' then amounts.opening_standing
                when 'restated_opening' then amounts.opening_frozen - amounts.opening_standing
                else amounts.amount
            end as decimal(18, 4)
        ) as amount,
        closes.version,
        closes.as_of_on,
        closes.reporting_currency
    from amounts
    inner join closes on amounts.month = closes.month
)

select * from clv_rollforwards
