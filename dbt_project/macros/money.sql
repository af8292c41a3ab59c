{# Money in the warehouse: DECIMAL(18,4), rounded half up. Never round a double: cast first. #}
{% macro money(expression, digits=4) -%}
    cast(round(cast({{ expression }} as decimal(38, 8)), {{ digits }}) as decimal(18, 4))
{%- endmacro %}


{# Decimals of the reporting currency's smallest coin. etl reads them from the seed currencies; a
   test compares. A plain number, so that SQL rounds by a constant. #}
{% macro reporting_digits() -%}
    {{ return(var('minor_unit_digits') | int) }}
{%- endmacro %}


{# A decimal rounded half up to the smallest coin. digits: a number, or a column of the seed
   currencies (null, a code that ISO 4217 does not know, keeps four decimals). #}
{% macro round_to_coin(expression, digits) -%}
{%- if digits is number -%}
    cast(round({{ expression }}, {{ digits }}) as decimal(18, 4))
{%- else -%}
    case {{ digits }}
        {%- for known in [0, 2, 3] %}
        when {{ known }} then cast(round({{ expression }}, {{ known }}) as decimal(18, 4))
        {%- endfor %}
        else cast(round({{ expression }}, 4) as decimal(18, 4))
    end
{%- endif -%}
{%- endmacro %}


{# The smallest coin in ten-thousandths, the unit that money is counted in: 100 for a cent.
   digits: as above. #}
{% macro coin_units(digits) -%}
{%- if digits is number -%}
    {{ 10 ** (4 - digits) }}
{%- else -%}
    case {{ digits }} when 0 then 10000 when 2 then 100 when 3 then 10 else 1 end
{%- endif -%}
{%- endmacro %}


{# The smallest coin as an amount: what two sums may differ by where a source rounded on its way. #}
{% macro coin(digits) -%}
    {{ coin_units(digits) }} * cast(0.0001 as decimal(5, 4))
{%- endmacro %}


{# Money times a factor (a rate of exchange, a share), exact before it is rounded.
   The casts keep the product within 38 digits: Spark would otherwise drop decimals. #}
{% macro money_mul(amount, factor, digits=4, factor_type='decimal(19, 12)') -%}
    {{ round_to_coin(
        'cast(' ~ amount ~ ' as decimal(18, 4)) * cast(' ~ factor ~ ' as ' ~ factor_type ~ ')',
        digits
    ) }}
{%- endmacro %}


{# A price times a quantity: 18 digits of each, so that a large quantity fits. #}
{% macro money_times_quantity(price, quantity, digits=4) -%}
    {{ money_mul(price, quantity, digits, 'decimal(18, 6)') }}
{%- endmacro %}


{# amount * part / whole, rounded half up to the smallest coin once, at the end. Multiplied before
   it is divided, and in whole numbers, so that no cut decimal moves a coin. Null where whole is 0.

   scale: decimals that part and whole have at most. #}
{% macro money_share(amount, part, whole, digits=4, scale=4) -%}
{%- set units = 'cast(abs(' ~ amount ~ ') * 10000 as decimal(38, 0))' -%}
{%- set parts = 'cast(abs(' ~ part ~ ') * ' ~ 10 ** scale ~ ' as decimal(38, 0))' -%}
{%- set wholes = 'cast(abs(' ~ whole ~ ') * ' ~ 10 ** scale ~ ' as decimal(38, 0))' -%}
{%- set coin = coin_units(digits) -%}
    cast(
        {{ integer_divide(
            '(2 * ' ~ units ~ ' * ' ~ parts ~ ' + ' ~ wholes ~ ' * ' ~ coin ~ ')',
            '(2 * ' ~ wholes ~ ' * ' ~ coin ~ ')'
        ) }}
        * {{ coin }}
        * case when sign({{ amount }}) * sign({{ part }}) * sign({{ whole }}) < 0 then -1 else 1 end
        * cast(0.0001 as decimal(5, 4))
        as decimal(18, 4)
    )
{%- endmacro %}


{# An amount in the reporting currency. A rate of 1 leaves it as delivered; any other rate rounds
   to the smallest coin. No rate gives null, never the amount itself. #}
{% macro to_reporting(amount, rate) -%}
    case
        when {{ rate }} = 1 then cast({{ amount }} as decimal(18, 4))
        else {{ money_mul(amount, rate, reporting_digits()) }}
    end
{%- endmacro %}


{# The rate of exchange of a record: none needed in the reporting currency, else the first that is
   stated, else that of its day. Null without one, so that no amount is ever taken at 1.

   stated: rate_basis -> expression, in the order they are asked; a rate of zero states nothing. #}
{% macro rate_of(currency, stated, dated) -%}
    cast(
        case
            when {{ currency }} = '{{ var("reporting_currency") }}' then 1
            {%- for rate in stated.values() %}
            when {{ rate }} > 0 then {{ rate }}
            {%- endfor %}
            else {{ dated }}
        end as decimal(24, 12)
    )
{%- endmacro %}


{# Where rate_of takes a record's rate from; asked with the same arguments. #}
{% macro rate_basis_of(currency, stated, dated) -%}
    case
        when {{ currency }} = '{{ var("reporting_currency") }}' then 'same_currency'
        {%- for basis, rate in stated.items() %}
        when {{ rate }} > 0 then '{{ basis }}'
        {%- endfor %}
        when {{ dated }} is not null then 'fx_rates'
    end
{%- endmacro %}


{# The rate that the order of a record states, if both are in one currency. Reads `orders` and
   `order_rates`. #}
{% macro rate_stated_on_order(record) -%}
    case when {{ record }}.currency = orders.currency then order_rates.stated_rate end
{%- endmacro %}


{# numerator / denominator as a decimal, rounded half up; null where the denominator is 0 or null.

   Divided as whole numbers: a quotient of doubles is cut to decimals in another way by each engine.
   Both sides count up to twelve decimals and should stay below 10^13, the quotient below 9 * 10^6
   (9 * 10^12 at six decimals). Not for money: money_share. #}
{% macro safe_divide(numerator, denominator, scale=12) -%}
    {%- set above, below = in_trillionths(numerator), in_trillionths(denominator) -%}
    cast(
        cast(
            {{ integer_divide(
                above ~ ' * ' ~ 2 * 10 ** scale
                ~ ' + case when ' ~ above ~ ' < 0 then -1 else 1 end * abs(' ~ below ~ ')',
                below ~ ' * 2'
            ) }} as decimal(38, 0)
        ) * cast(0.{{ '0' * (scale - 1) }}1 as decimal({{ scale }}, {{ scale }}))
        as decimal(38, {{ scale }})
    )
{%- endmacro %}


{% macro in_trillionths(expression) -%}
    cast(cast({{ expression }} as decimal(38, 12)) * 1000000000000 as decimal(38, 0))
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
