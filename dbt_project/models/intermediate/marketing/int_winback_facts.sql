{%- set all_but_profit = winback_reasons().split()[:-1] -%}
{%- set exploration_bucket = experiment_bucket(
    "open_experiments.salt || '|exploration'", 'open_experiments.experiment', 'judged.customer_key'
) -%}

with cells as (
    select * from {{ ref('int_winback_cells') }}
),

customers as (
    select * from {{ ref('customers') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

open_items as (
    select * from {{ ref('int_customer_open_items') }}
),

contacts as (
    select * from {{ ref('int_winback_contacts') }}
),

winback_values as (
    select * from {{ ref('int_winback_values') }}
),

open_experiments as (
    {{ open_experiments() | indent(4) }}
),

-- One yes or no for each reason that keeps a customer off the list.
judged as (
    select
        cells.customer_key,
        cells.loss_reason,
        contacts.uncapped_channels as eligible_channels,
        permissions.is_profiling_objected as is_objected_profiling,
        permissions.is_marketing_objected as is_objected_marketing,
        coalesce(customers.is_deceased, false) as is_deceased,
        coalesce(customers.is_internal, false) as is_internal,
        coalesce(customers.has_fraud, false)
        or coalesce(customers.has_bad_debt, false) as is_fraud_or_bad_debt,
        coalesce(customers.is_minor, false) as is_minor,
        cells.loss_reason = 'intentionally_pushed' as is_intentionally_pushed,
        permissions.is_consent_stale as is_consent_feed_stale,
        permissions.eligible_channels is null as is_no_reachable_channel,
        permissions.eligible_channels is not null
        and contacts.uncapped_channels is null as is_channel_capped,
        open_items.open_complaints + open_items.open_escalations > 0 as is_open_complaint,
        open_items.open_orders > 0 as is_open_order,
        open_items.open_opportunities > 0 as is_open_opportunity,
        coalesce(
            {{ days_between('contacts.last_contacted_on', as_of_date()) }}
            <= {{ parameter('winback_quiet_days') }},
            false
        ) as is_recently_contacted,
        contacts.failed_attempts >= {{ parameter('winback_max_attempts') }} as is_too_many_attempts,
        winback_values.expected_regain_profit is null as is_value_unknown,
        coalesce(winback_values.expected_regain_profit <= 0, false) as is_not_profitable,
        {{ money(
            parameter('winback_contact_cost') ~ ' + winback_values.p_treat * '
            ~ parameter('winback_offer_cost')
        ) }} as expected_cost
    from cells
    inner join customers on cells.customer_key = customers.customer_key
    inner join permissions on cells.customer_key = permissions.customer_key
    inner join open_items on cells.customer_key = open_items.customer_key
    inner join contacts on cells.customer_key = contacts.customer_key
    inner join winback_values on cells.customer_key = winback_values.customer_key
),

-- Against whom profit is the only reason may be drawn all the same, while an experiment can learn
-- from it; in the order of the draw until the budget is spent.
drawn as (
    select
        judged.customer_key,
        sum(judged.expected_cost) over (
            order by
                {{ exploration_bucket }} asc nulls last,
                judged.customer_key asc nulls last
            rows between unbounded preceding and current row
        ) as cost_so_far
    from judged
    cross join open_experiments
    where
        judged.is_not_profitable
        {%- for reason in all_but_profit %}
        and not judged.is_{{ reason }}
        {%- endfor %}
        and {{ exploration_bucket }} < {{ parameter('winback_exploration_share') }} * 10000
),

explored as (
    select customer_key
    from drawn
    where cost_so_far <= {{ parameter('winback_exploration_budget') }}
),

facts as (
    select
        judged.customer_key,
        judged.loss_reason,
        judged.eligible_channels,
        {%- for reason in all_but_profit %}
        judged.is_{{ reason }},
        {%- endfor %}
        judged.is_not_profitable and explored.customer_key is null as is_not_profitable,
        explored.customer_key is not null as is_exploration
    from judged
    left join explored on judged.customer_key = explored.customer_key
)

select * from facts
