{# Fails on each row where the column is below zero. Null passes: say not_null where it must not. #}
{% test not_negative(model, column_name) %}

select {{ column_name }}
from {{ model }}
where {{ column_name }} < 0

{% endtest %}
