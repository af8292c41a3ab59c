{# The value of a parameter of seeds/parameters.csv that is in force at the as-of date. #}
{% macro parameter(name) -%}
    (
        select parameters.value
        from {{ ref('int_parameters_in_force') }} as parameters
        where parameters.parameter = '{{ name }}'
    )
{%- endmacro %}


{# md5 of all parameters in force, in the order of their names: which settings made this row. #}
{% macro params_hash() -%}
    (select hashed.params_hash from {{ ref('int_parameters_hashed') }} as hashed)
{%- endmacro %}


{# The version of the rules that made a classified row. #}
{% macro rule_version() -%}
    cast('{{ var("rule_version") }}' as string)
{%- endmacro %}


{# The rows of a seed that are in force at the as-of date: of each key the one that began last. #}
{% macro settings_in_force(seed, keys) -%}
select *
from {{ seed }}
where valid_from <= {{ as_of_date() }}
qualify
    row_number() over (
        partition by {{ keys | join(', ') }} order by valid_from desc nulls last
    ) = 1
{%- endmacro %}
