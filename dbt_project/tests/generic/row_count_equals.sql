{# Fails when the model and the other relation differ in their number of rows; either side may be
   narrowed by a condition. Guards a join against losing or doubling rows. #}
{% test row_count_equals(model, to, where_model='true', where_other='true') %}

with counted as (
    select
        (select count(*) from {{ model }} where {{ where_model }}) as rows_here,
        (select count(*) from {{ to }} where {{ where_other }}) as rows_there
)

select *
from counted
where rows_here <> rows_there

{% endtest %}
