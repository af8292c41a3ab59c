{# A model's schema is its layer (staging, intermediate, marts, seeds), with no prefix: the same
   names in every build file, so that a mart's full name can be written down. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
