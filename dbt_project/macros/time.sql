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
