{# Split an amount over the lines of a document by weight, to the smallest coin and without loss.

   Largest remainder: every line gets its share rounded down, then the coins left over go one by one
   to the largest remainders, ties to the smaller line number. Where all weights are zero the lines
   share alike. All in whole numbers, so that the parts always add up to the amount.

   Writes common table expressions; the last, `allocated`, has the columns of the relation and
   `allocated_amount`. relation: a common table expression with `amount` (the same on each line of
   a document), `weight` (not negative) and `minor_unit_digits` (of the amount's currency). #}
{% macro allocate_by_largest_remainder(relation, keys, line) -%}
{%- set document = 'partition by ' ~ keys | join(', ') -%}
weighed as (
    select
        *,
        sum(weight) over ({{ document }}) as total_weight,
        count(*) over ({{ document }}) as line_count,
        {{ coin_units('minor_unit_digits') }} as step
    from {{ relation }}
),

counted_in_units as (
    select
        *,
        cast(abs(amount) * 10000 as decimal(18, 0)) as amount_units,
        cast(case when total_weight > 0 then weight * 10000 else 1 end as decimal(18, 0))
            as weight_units,
        cast(case when total_weight > 0 then total_weight * 10000 else line_count end
            as decimal(18, 0)) as total_units
    from weighed
),

rounded_down as (
    select
        *,
        cast(
            {{ integer_divide('amount_units * weight_units', 'total_units * step') }}
            as decimal(18, 0)
        ) as coins,
        mod(amount_units * weight_units, total_units * step) as remainder
    from counted_in_units
),

ranked as (
    select
        *,
        amount_units - step * sum(coins) over ({{ document }}) as units_left,
        row_number() over (
            {{ document }}
            order by remainder desc nulls last, {{ line }} asc nulls last
        ) as remainder_rank
    from rounded_down
),

allocated as (
    select
        *,
        cast(
            (
                step * coins
                + least(greatest(units_left - step * (remainder_rank - 1), 0), step)
            ) * cast(0.0001 as decimal(5, 4)) * case when amount < 0 then -1 else 1 end
            as decimal(18, 4)
        ) as allocated_amount
    from ranked
)
{%- endmacro %}
