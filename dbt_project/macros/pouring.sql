{# How much of a running total has landed in a bucket of size `room` that is filled only after
   `lower` has been used up. The difference of two running totals is one row's share. #}
{% macro poured(so_far, lower, room) -%}
    least(greatest({{ so_far }} - ({{ lower }}), 0), {{ room }})
{%- endmacro %}
