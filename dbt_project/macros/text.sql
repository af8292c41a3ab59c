{# Text of many rows joined in a stated order. The engines spell the order differently. #}
{% macro joined_text(expression, separator, order_by) -%}
    {{ return(adapter.dispatch('joined_text', 'loyalty')(expression, separator, order_by)) }}
{%- endmacro %}

{% macro default__joined_text(expression, separator, order_by) -%}
    string_agg({{ expression }}, {{ separator }} order by {{ order_by }})
{%- endmacro %}

{% macro spark__joined_text(expression, separator, order_by) -%}
    listagg({{ expression }}, {{ separator }}) within group (order by {{ order_by }})
{%- endmacro %}


{# Replace every match, not only the first. #}
{% macro regexp_replace_all(expression, pattern, replacement) -%}
    {{ return(adapter.dispatch('regexp_replace_all', 'loyalty')(expression, pattern, replacement)) }}
{%- endmacro %}

{% macro default__regexp_replace_all(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, {{ pattern }}, {{ replacement }}, 'g')
{%- endmacro %}

{% macro spark__regexp_replace_all(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, {{ pattern }}, {{ replacement }})
{%- endmacro %}


{# A text as a JSON string. At most 60 characters; control characters become blanks. chr() and not
   a literal: a backslash in quotes means one thing to DuckDB and another to Spark. #}
{% macro json_text(expression) -%}
    {%- set no_controls = regexp_replace_all(
        'left(' ~ expression ~ ', 60)', "'[' || chr(1) || '-' || chr(31) || ']'", "' '"
    ) -%}
    {%- set no_backslash = 'replace(' ~ no_controls ~ ', chr(92), chr(92) || chr(92))' -%}
    coalesce(chr(34) || replace({{ no_backslash }}, chr(34), chr(92) || chr(34)) || chr(34), 'null')
{%- endmacro %}


{# The values that decided, as one JSON text with the keys in the given order.

   pairs: list of [key, expression] or [key, expression, kind]; kind is
     text (default)   a code; cut at 60 characters and escaped
     decimal          as text, so that no reader turns it into a double
     integer, boolean as they are
     date             as text YYYY-MM-DD
   At most 8 pairs, so the text stays below 1 KB. Null values are JSON null. #}
{% macro reason_json(pairs) -%}
    {%- if pairs | length > 8 -%}
        {{ exceptions.raise_compiler_error('reason_json takes at most 8 pairs') }}
    {%- endif -%}
    '{'
    {%- for pair in pairs -%}
        {%- set kind = pair[2] if pair | length > 2 else 'text' -%}
        {%- set value = 'cast(' ~ pair[1] ~ ' as string)' %}
        || '{{ ", " if not loop.first }}"{{ pair[0] }}": ' ||
        {%- if kind == 'text' %} {{ json_text(value) }}
        {%- elif kind in ('decimal', 'date') %} coalesce(chr(34) || {{ value }} || chr(34), 'null')
        {%- elif kind in ('integer', 'boolean') %} coalesce({{ value }}, 'null')
        {%- else -%}
            {{ exceptions.raise_compiler_error("reason_json: unknown kind '" ~ kind ~ "'") }}
        {%- endif %}
    {%- endfor %}
    || '}'
{%- endmacro %}
