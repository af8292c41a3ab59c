{# Fails, per group, when a sum here and a sum there differ by the reporting currency's smallest coin
   or more. An absent group counts as zero. Give `by` (columns that both sides have) to compare
   group by group, or an empty list to compare the totals. #}
{% test sum_equals(
    model, expression, to, to_expression, by=['source_system'], where_model='true', where_other='true'
) %}
{%- set columns = by if by else ['everything'] -%}
{%- set group = '' if by else "'all' as everything" -%}

with here as (
    select
        {{ group or by | join(', ') }},
        sum({{ expression }}) as total_here
    from {{ model }}
    where {{ where_model }}
    group by {{ columns | join(', ') }}
),

there as (
    select
        {{ group or by | join(', ') }},
        sum({{ to_expression }}) as total_there
    from {{ to }}
    where {{ where_other }}
    group by {{ columns | join(', ') }}
),

compared as (
    select
        {{ columns | join(', ') }},
        coalesce(here.total_here, 0) as total_here,
        coalesce(there.total_there, 0) as total_there
    from here
    full join there using ({{ columns | join(', ') }})
)

select *
from compared
where abs(total_here - total_there) >= {{ coin(reporting_digits()) }}

{% endtest %}
