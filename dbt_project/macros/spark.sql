{# A schema is a folder of the build, so that etl finds the tables: <build>/<schema>/<table>. #}
{% macro spark__create_schema(relation) -%}
    {%- call statement('create_schema') -%}
        create schema if not exists {{ relation }}
        location '{{ env_var("LOYALTY_SPARK_WAREHOUSE") }}/{{ relation.schema }}'
    {%- endcall -%}
{%- endmacro %}
{# Rows of a seed as literals. dbt-spark's own macro puts values into quotes as they are: a text with
   an apostrophe would end the literal, and an empty cell would become the text None. #}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- for chunk in agate_table.rows | batch(get_batch_size()) %}
        {%- set statement -%}
            insert into {{ this.render() }} values
            {%- for row in chunk %}
            ({%- for column in agate_table.column_names -%}
                {%- set kind = types.get(column, adapter.convert_type(agate_table, loop.index0)) -%}
                cast({{ spark_literal(row[column]) }} as {{ kind }}) {{- ', ' if not loop.last }}
            {%- endfor -%}) {{- ',' if not loop.last }}
            {%- endfor %}
        {%- endset -%}
        {%- do adapter.add_query(statement, abridge_sql_log=True) -%}
    {%- endfor -%}
    {{ return('') }}
{%- endmacro %}


{% macro spark_literal(value) -%}
    {%- if value is none -%}
        null
    {%- else -%}
        '{{ value | string | replace('\\', '\\\\') | replace("'", "\\'") }}'
    {%- endif -%}
{%- endmacro %}
