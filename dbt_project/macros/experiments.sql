{# A customer's bucket in an experiment, 0 to 9,999: a pure function of salt, experiment and key, the
   same on every engine and every day. Another salt gives an independent bucket. #}
{% macro experiment_bucket(salt, experiment, key) -%}
    {%- set text = salt ~ " || '|' || " ~ experiment ~ " || '|' || " ~ key -%}
    mod({{ hex_to_integer('left(md5(' ~ text ~ '), 8)') }}, 10000)
{%- endmacro %}


{# Hexadecimal digits, at most 15 of them, as a whole number. #}
{% macro hex_to_integer(digits) -%}
    {{ return(adapter.dispatch('hex_to_integer', 'loyalty')(digits)) }}
{%- endmacro %}

{% macro default__hex_to_integer(digits) -%}
    cast('0x' || {{ digits }} as bigint)
{%- endmacro %}

{% macro spark__hex_to_integer(digits) -%}
    cast(conv({{ digits }}, 16, 10) as bigint)
{%- endmacro %}


{# The experiment that takes customers in on the as-of date; at most one, as a test says. #}
{% macro open_experiments() -%}
select *
from {{ ref('winback_experiments_planned') }}
where starts_on <= {{ as_of_date() }} and ends_on >= {{ as_of_date() }}
{%- endmacro %}


{# The stratum of a customer: how long ago the last purchase was, and on how many days there was one.
   Both are the same for whoever knows the purchases before a day, so that arms of the CRM's own
   campaigns are compared in the same strata. Without a purchase: r0_f0. #}
{% macro winback_stratum(recency_band, frequency_band) -%}
    {{ recency_band }} || '_' || {{ frequency_band }}
{%- endmacro %}

{% macro winback_recency_band(days_since_purchase) -%}
    case
        when {{ days_since_purchase }} <= {{ parameter('winback_recency_near_days') }} then 'r1'
        when {{ days_since_purchase }} <= {{ parameter('winback_recency_far_days') }} then 'r2'
        when {{ days_since_purchase }} is not null then 'r3'
        else 'r0'
    end
{%- endmacro %}

{% macro winback_frequency_band(purchase_days) -%}
    case
        when {{ purchase_days }} >= {{ parameter('winback_frequency_many_min') }} then 'f3'
        when {{ purchase_days }} >= {{ parameter('winback_frequency_few_min') }} then 'f2'
        when {{ purchase_days }} >= 1 then 'f1'
        else 'f0'
    end
{%- endmacro %}


{# The arm that a CRM's word stands for; null for a word that is neither. #}
{% macro campaign_arm(word) -%}
    case
        when lower({{ word }}) in ('holdout', 'control') then 'holdout'
        when lower({{ word }}) in ('treatment', 'test') then 'treatment'
    end
{%- endmacro %}


{# The common table expression `dated`: assignments with the days that follow from their experiment.
   Outcomes count after assigned_on up to outcome_until_on; a membership decides about contacts up to
   binds_until_on. A campaign of the CRM, or an experiment that is no longer in the plan, has the
   outcome days of the parameter and is read when they are over.

   assignments: name of a table expression with customer_key, experiment, arm_source, arm, stratum,
   assigned_on and is_arm_conflict. planned: name of the plan's. #}
{% macro with_experiment_days(assignments, planned) -%}
counted as (
    select
        {{ assignments }}.*,
        {{ planned }}.reads_on as planned_reads_on,
        {{ planned }}.ends_on,
        {{ date_plus(
            assignments ~ '.assigned_on',
            'coalesce(' ~ planned ~ '.outcome_days, ' ~ parameter('winback_outcome_days') ~ ')'
        ) }} as outcome_until_on
    from {{ assignments }}
    left join {{ planned }}
        on {{ assignments }}.experiment = {{ planned }}.experiment
),

dated as (
    select
        customer_key,
        experiment,
        arm_source,
        arm,
        stratum,
        assigned_on,
        outcome_until_on,
        coalesce(planned_reads_on, outcome_until_on) as reads_on,
        is_arm_conflict,
        greatest(outcome_until_on, coalesce(ends_on, outcome_until_on)) as binds_until_on
    from counted
)
{%- endmacro %}


{# The reasons against contacting, one word each; which of several counts is data: the priority of
   its rule. Each is a column is_<reason> of int_winback_facts. #}
{% macro winback_reasons() -%}
    objected_profiling objected_marketing deceased internal fraud_or_bad_debt minor
    intentionally_pushed consent_feed_stale no_reachable_channel channel_capped open_complaint
    open_order open_opportunity recently_contacted too_many_attempts value_unknown not_profitable
{%- endmacro %}
