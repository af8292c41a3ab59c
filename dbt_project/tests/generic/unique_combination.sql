{# Fails on each combination of the columns that occurs more than once: the model's grain. Nulls
   count as values: two rows with the same null are a duplicate. #}
{% test unique_combination(model, columns) %}

select
    {{ columns | join(',\n    ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
