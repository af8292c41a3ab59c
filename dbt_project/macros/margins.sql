{# What net revenue leaves, each step rounded to the smallest coin.

   The order's cost where none is known: the uncosted part of its lines at the default margin rate. #}
{% macro assumed_cost(net_revenue, uncosted_part, lines_whole) -%}
    case
        when {{ net_revenue }} is null then null
        when coalesce({{ lines_whole }}, 0) = 0 then 0
        else
            {{ money_share(
                net_revenue,
                '(' ~ uncosted_part ~ ' * (1 - ' ~ parameter('margin_default_rate') ~ '))',
                lines_whole, reporting_digits(), scale=10
            ) }}
    end
{%- endmacro %}


{# Costs that grow with net revenue. #}
{% macro variable_cost(net_revenue) -%}
    {{ money_mul(net_revenue, parameter('margin_variable_cost_rate'), reporting_digits()) }}
{%- endmacro %}
