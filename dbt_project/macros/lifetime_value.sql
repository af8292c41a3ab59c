{# What a customer spent on the repeat orders, on top of gamma, as a double: the scale of all that
   Gamma-Gamma says of the customer.

   Fader and Hardie (2013), The Gamma-Gamma model of monetary value, the rate of nu's posterior. #}
{% macro gamma_gamma_pooled_spend(spend_occasions, mean_spend, gamma) -%}
    ({{ gamma }} + {{ spend_occasions }} * coalesce(cast({{ mean_spend }} as double), 0))
{%- endmacro %}


{# Mean spend per order to expect of a customer, as a double; the population's without spend.

   Gamma-Gamma: Fader and Hardie (2013), The Gamma-Gamma model of monetary value, eq. (5). #}
{% macro gamma_gamma_expected_spend(spend_occasions, mean_spend, p, q, gamma) -%}
    {{ p }} * {{ gamma_gamma_pooled_spend(spend_occasions, mean_spend, gamma) }}
    / nullif({{ p }} * {{ spend_occasions }} + {{ q }} - 1, 0)
{%- endmacro %}


{# The textbook's customer value, as money: the sum over t = 1 .. years of
   margin * retention^(t-1) / (1 + discount_rate)^(t-1), an annuity due.

   Constant retention and a margin that never changes; the first year is certain and is not
   discounted. Berger and Nasr (1998), Customer lifetime value: marketing models and applications,
   case 1, without the cost of promotion.

   margin: money per year; retention: 0 to 1; discount_rate: per year, above -1; years: whole. #}
{% macro textbook_clv(margin, retention, discount_rate, years) -%}
    {%- set ratio = '(cast(' ~ retention ~ ' as double) / nullif(1 + cast('
        ~ discount_rate ~ ' as double), 0))' -%}
    {{ money_mul(
        margin,
        'case when ' ~ retention ~ ' = 1 + ' ~ discount_rate ~ ' then cast(' ~ years
        ~ ' as double) else (1 - power(' ~ ratio ~ ', ' ~ years ~ ')) / nullif(1 - '
        ~ ratio ~ ', 0) end'
    ) }}
{%- endmacro %}
