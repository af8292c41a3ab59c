{# The last day that counts, inclusive. The one way time enters a model. #}
{% macro as_of_date() -%}
    {%- set day = var('as_of_date') | string -%}
    {%- if not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', day) -%}
        {{ exceptions.raise_compiler_error("as_of_date must be YYYY-MM-DD, not '" ~ day ~ "'") }}
    {%- endif -%}
    cast('{{ day }}' as date)
{%- endmacro %}


{# A date some whole days later (earlier when negative), as a date on every engine. `days` is any
   numeric expression; parameters are decimals, so it is cast. #}
{% macro date_plus(day, days) -%}
    {{ return(adapter.dispatch('date_plus', 'loyalty')(day, days)) }}
{%- endmacro %}

{% macro default__date_plus(day, days) -%}
    ({{ day }} + cast({{ days }} as integer))
{%- endmacro %}

{% macro spark__date_plus(day, days) -%}
    date_add({{ day }}, cast({{ days }} as int))
{%- endmacro %}


{# Whole days from one date to another; dbt's own macro under a shorter name. #}
{% macro days_between(first_day, last_day) -%}
    cast({{ dbt.datediff(first_day, last_day, 'day') }} as bigint)
{%- endmacro %}


{# The first day of a day's month. #}
{% macro month_of(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro %}


{# The end of the last month that ended before the as-of date. #}
{% macro last_month_end() -%}
    {{ date_plus(month_of(as_of_date()), '-1') }}
{%- endmacro %}


{# Calendar months from one day's month to another's; the day within the month does not count. #}
{% macro months_between(first_day, last_day) -%}
    ({{ months_counted(last_day) }} - {{ months_counted(first_day) }})
{%- endmacro %}


{# The first day of the month some whole months after a day's month. #}
{% macro month_plus(day, months) -%}
    {%- set counted = '(' ~ months_counted(day) ~ ' + ' ~ months ~ ')' -%}
    make_date(
        cast({{ integer_divide(counted, '12') }} as integer),
        cast(mod({{ counted }}, 12) + 1 as integer),
        1
    )
{%- endmacro %}


{% macro months_counted(day) -%}
    cast(extract(year from {{ day }}) * 12 + extract(month from {{ day }}) - 1 as bigint)
{%- endmacro %}


{# The whole numbers from 0 to 10^digits - 1 as a select with the column `number`. #}
{% macro whole_numbers(digits) -%}
    select cast(
        {%- for place in range(digits) %}
        {{ '+ ' if not loop.first }}{{ 10 ** place }} * digit_{{ place }}.digit
        {%- endfor %} as bigint
    ) as number
    from
    {%- for place in range(digits) %}
        {{ 'cross join ' if not loop.first }}(
            {%- for digit in range(10) %}
            {{ 'union all ' if not loop.first }}select {{ digit }} as digit
            {%- endfor %}
        ) as digit_{{ place }}
    {%- endfor %}
{%- endmacro %}


{# The same day some whole months later; the month's last day where the month is too short. #}
{% macro months_later(day, months) -%}
    least(
        {{ date_plus(month_plus(day, months), 'extract(day from ' ~ day ~ ') - 1') }},
        {{ date_plus(month_plus(day, '(' ~ months ~ ' + 1)'), '-1') }}
    )
{%- endmacro %}


{# Whole months from one day to a later one; the same day of a later month completes it. #}
{% macro whole_months_between(first_day, last_day) -%}
    (
        {{ months_between(first_day, last_day) }}
        - case
            when {{ last_day }} < {{ months_later(first_day, months_between(first_day, last_day)) }}
                then 1
            else 0
        end
    )
{%- endmacro %}
