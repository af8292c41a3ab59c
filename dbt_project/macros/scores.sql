{# amount / full_amount, kept between 0 and 1, to six decimals. Null stays null. #}
{% macro share_of_full(amount, full_amount) -%}
    cast(
        case
            when ({{ amount }}) is not null
                then least(greatest({{ safe_divide(amount, full_amount, 6) }}, 0), 1)
        end as decimal(9, 6)
    )
{%- endmacro %}


{# Mean of the parts that are known, each with its weight, times a factor, to six decimals. The
   weights of unknown parts fall away; null where no part is known. Cast, or Spark would drop decimals
   of the sum.

   parts: list of [expression, weight]. #}
{% macro mean_of_known(parts, times=1) -%}
    {%- set weighed, weights = [], [] -%}
    {%- for value, weight in parts -%}
        {%- do weighed.append('cast(coalesce(' ~ value ~ ', 0) * ' ~ weight ~ ' as decimal(24, 12))') -%}
        {%- do weights.append(
            'case when ' ~ value ~ ' is not null then ' ~ weight ~ ' else 0 end'
        ) -%}
    {%- endfor -%}
    cast(
        {{ safe_divide(
            times ~ ' * (' ~ weighed | join(' + ') ~ ')', weights | join(' + '), 6
        ) }} as decimal(18, 6)
    )
{%- endmacro %}


{# A score from 1 to 5 by mid-rank: the share of those below and half of those who are equal decides,
   so that equals share a score however many they are. In whole numbers, which both engines divide
   alike.

   below, equal, total: how many have less, the same (the customer too), and any amount. #}
{% macro mid_rank_score(below, equal, total) -%}
    cast(
        least(
            5,
            1 + {{ integer_divide(
                '10 * ' ~ below ~ ' + 5 * ' ~ equal,
                '2 * ' ~ total
            ) }}
        ) as bigint
    )
{%- endmacro %}
