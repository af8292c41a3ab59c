{# Probability that a customer is still active, 1 right after the first order, as a double.

   BG/NBD: Fader, Hardie and Lee (2008), Computing P(alive) using the BG/NBD model. In
   logarithms, and cut off at e^700, so that no power of a long silence overflows. #}
{% macro bg_nbd_probability_alive(repeat_orders, recency_days, age_days, r, alpha, a, b) -%}
    case
        when {{ repeat_orders }} = 0 then cast(1 as double)
        else 1 / nullif(1 + exp(least(
            ln({{ a }}) - ln({{ b }} + {{ repeat_orders }} - 1)
            + ({{ r }} + {{ repeat_orders }})
            * (ln({{ alpha }} + {{ age_days }}) - ln({{ alpha }} + {{ recency_days }})),
            cast(700 as double)
        )), 0)
    end
{%- endmacro %}


{# Mean spend per order to expect of a customer, as a double; the population's without spend.

   Gamma-Gamma: Fader and Hardie (2013), The Gamma-Gamma model of monetary value, eq. (5). #}
{% macro gamma_gamma_expected_spend(spend_occasions, mean_spend, p, q, gamma) -%}
    {{ p }} * ({{ gamma }} + {{ spend_occasions }} * coalesce(cast({{ mean_spend }} as double), 0))
    / nullif({{ p }} * {{ spend_occasions }} + {{ q }} - 1, 0)
{%- endmacro %}
