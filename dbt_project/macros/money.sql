{# Money in the warehouse: DECIMAL(18,4), rounded half up. Never round a double: cast first. #}
{% macro money(expression, digits=4) -%}
    cast(round(cast({{ expression }} as decimal(38, 8)), {{ digits }}) as decimal(18, 4))
{%- endmacro %}


{# Money times a factor (a rate of exchange, a quantity, a share), exact before it is rounded.
   The casts keep the product within 38 digits: Spark would otherwise drop decimals. #}
{% macro money_mul(amount, factor, digits=4) -%}
    cast(
        round(
            cast({{ amount }} as decimal(18, 4)) * cast({{ factor }} as decimal(19, 12)),
            {{ digits }}
        ) as decimal(18, 4)
    )
{%- endmacro %}


{# An amount in the reporting currency. A rate of 1 leaves it as delivered; any other rate rounds
   to the smallest coin. No rate gives null, never the amount itself. #}
{% macro to_reporting(amount, rate) -%}
    case
        when {{ rate }} = 1 then cast({{ amount }} as decimal(18, 4))
        else {{ money_mul(amount, rate, var('minor_unit_digits')) }}
    end
{%- endmacro %}


{# numerator / denominator as a decimal; null where the denominator is 0 or null. Both are cast to
   double so that both engines divide alike; the cast back removes the last, differing bit. #}
{% macro safe_divide(numerator, denominator, scale=12) -%}
    cast(
        cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0)
        as decimal(38, {{ scale }})
    )
{%- endmacro %}


{# Whole part of a division of whole numbers, exact up to 38 digits. #}
{% macro integer_divide(numerator, denominator) -%}
    {{ return(adapter.dispatch('integer_divide', 'loyalty')(numerator, denominator)) }}
{%- endmacro %}

{% macro default__integer_divide(numerator, denominator) -%}
    divide(cast({{ numerator }} as hugeint), cast(nullif({{ denominator }}, 0) as hugeint))
{%- endmacro %}

{% macro spark__integer_divide(numerator, denominator) -%}
    (cast({{ numerator }} as decimal(38, 0)) div cast(nullif({{ denominator }}, 0) as decimal(38, 0)))
{%- endmacro %}
