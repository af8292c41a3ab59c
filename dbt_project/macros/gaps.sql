{# The days a customer is expected to let pass between two purchases.

   interval_count intervals with a median of own_median_days are pulled towards the cohort: the
   fewer of one's own, the more the cohort counts. Without any, the one-time buyers' gap holds.
   Clamped, so that neither a daily nor a yearly buyer gets an absurd value. Null for a null
   count: there was no purchase to wait after. #}
{% macro expected_gap(interval_count, own_median_days, cohort_median_days, one_time_gap_days) -%}
    case
        when {{ interval_count }} is not null then cast(
            least(
                greatest(
                    case
                        when {{ interval_count }} = 0 then {{ one_time_gap_days }}
                        else {{ safe_divide(
                            interval_count ~ ' * ' ~ own_median_days
                            ~ ' + ' ~ parameter('activity_prior_weight')
                            ~ ' * ' ~ cohort_median_days,
                            interval_count ~ ' + ' ~ parameter('activity_prior_weight'),
                            6
                        ) }}
                    end,
                    {{ parameter('activity_gap_min_days') }}
                ),
                {{ parameter('activity_gap_max_days') }}
            ) as decimal(18, 6)
        )
    end
{%- endmacro %}
