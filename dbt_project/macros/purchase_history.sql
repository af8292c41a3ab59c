{# What the value models need of a customer's purchase days up to a cutoff, as columns of a select
   that groups int_clv_purchase_days by customer; summaries and calibrations count alike. The first
   day says when a customer came, not what the next order will be worth: spend is that of the
   repeat days. Both arguments are dates; recent is later than window_start. #}
{% macro purchase_history(cutoff_on, window_start) -%}
{%- set is_repeat = 'ordered_on > first_ordered_on and ordered_on <= ' ~ cutoff_on -%}
    cast(count(case when {{ is_repeat }} then 1 end) as bigint) as repeat_orders,
    max(case when ordered_on <= {{ cutoff_on }} then ordered_on end) as last_ordered_on,
    cast(count(case when {{ is_repeat }} and net_revenue > 0 then 1 end) as bigint)
        as spend_occasions,
    sum(case when {{ is_repeat }} and net_revenue > 0 then net_revenue else 0 end) as repeat_spend,
    cast(count(case when {{ is_repeat }} and ordered_on > {{ window_start }} then 1 end) as bigint)
        as recent_repeat_orders,
    max(case when ordered_on = first_ordered_on and net_revenue > 0 then net_revenue end)
        as first_spend
{%- endmacro %}


{# The day of a customer's n-th net purchase day, null while there are fewer, as a column of a select
   that groups int_customer_purchase_days by customer. #}
{% macro purchased_on(purchase_no) -%}
    max(case when purchase_no = {{ purchase_no }} then ordered_on end)
{%- endmacro %}
