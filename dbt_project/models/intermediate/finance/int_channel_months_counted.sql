{% set sums = [
    'acquisition_spend', 'retention_spend', 'other_spend', 'contained_campaign_spend',
    'new_customers', 'left_censored_customers', 'retained_customers',
] -%}

with costs as (
    select * from {{ ref('int_marketing_costs_classed') }}
),

acquired as (
    select * from {{ ref('int_customers_acquired') }}
    where not is_internal
),

retained as (
    select * from {{ ref('int_customers_retained') }}
),

costs_summed as (
    select
        month_on,
        channel,
        sum(case when cost_class = 'acquisition' then amount else 0 end) as acquisition_spend,
        sum(case when cost_class = 'retention' then amount else 0 end) as retention_spend,
        sum(case when cost_class = 'other' then amount else 0 end) as other_spend,
        sum(case when cost_class = 'contained' then amount else 0 end)
            as contained_campaign_spend
    from costs
    group by month_on, channel
),

acquired_counted as (
    select
        acquisition_month as month_on,
        channel,
        count(case when not is_left_censored then 1 end) as new_customers,
        count(case when is_left_censored then 1 end) as left_censored_customers
    from acquired
    group by acquisition_month, channel
),

retained_counted as (
    select
        month_on,
        channel,
        count(*) as retained_customers
    from retained
    group by month_on, channel
),

stacked as (
    {%- for relation, columns in {
        'costs_summed': sums[:4], 'acquired_counted': sums[4:6], 'retained_counted': sums[6:],
    }.items() %}
    {{ 'union all' if not loop.first }}
    select
        month_on
        {%- for column in sums %},
        {{ column if column in columns else 0 }} as {{ column }}
        {%- endfor %},
        channel
    from {{ relation }}
    {%- endfor %}
),

counted as (
    select
        month_on
        {%- for column in sums %},
        cast(sum({{ column }}) as {{ 'decimal(18, 4)' if loop.index <= 4 else 'bigint' }})
            as {{ column }}
        {%- endfor %},
        channel
    from stacked
    group by month_on, channel
)

select * from counted
