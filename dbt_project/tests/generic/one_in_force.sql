{# Fails unless exactly one row per key is in force on any day: the first row of each key starts on
   or before `since`, and no two rows of a key start on the same day. #}
{% test one_in_force(model, keys, valid_from='valid_from', since='1900-01-01') %}

with starts as (
    select
        {{ keys | join(', ') }},
        min({{ valid_from }}) as first_valid_from,
        count(*) as row_count,
        count(distinct {{ valid_from }}) as start_count
    from {{ model }}
    group by {{ keys | join(', ') }}
)

select *
from starts
where first_valid_from > cast('{{ since }}' as date) or row_count <> start_count

{% endtest %}
