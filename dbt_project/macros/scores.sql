{# amount / full_amount, kept between 0 and 1, to six decimals. Null stays null. #}
{% macro share_of_full(amount, full_amount) -%}
    cast(
        case
            when ({{ amount }}) is not null
                then least(greatest({{ safe_divide(amount, full_amount, 6) }}, 0), 1)
        end as decimal(9, 6)
    )
{%- endmacro %}
