{# The columns that every row got on its way in; staging models end their list with them. #}
{% macro envelope() -%}
source_file,
        source_row,
        batch_id,
        cast(extracted_at as timestamp) as extracted_at,
        cast(loaded_at as timestamp) as loaded_at,
        known_on,
        source_sequence,
        record_hash,
        document_hash,
        is_deleted,
        extra_json
{%- endmacro %}
