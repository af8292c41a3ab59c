{# Mean spend per order to expect of a customer, as a double; the population's without spend.

   Gamma-Gamma: Fader and Hardie (2013), The Gamma-Gamma model of monetary value, eq. (5). #}
{% macro gamma_gamma_expected_spend(spend_occasions, mean_spend, p, q, gamma) -%}
    {{ p }} * ({{ gamma }} + {{ spend_occasions }} * coalesce(cast({{ mean_spend }} as double), 0))
    / nullif({{ p }} * {{ spend_occasions }} + {{ q }} - 1, 0)
{%- endmacro %}
