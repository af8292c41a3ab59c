{% set sums = [
    'acquisition_spend', 'retention_spend', 'other_spend', 'contained_campaign_spend',
    'new_customers', 'left_censored_customers', 'retained_customers',
] -%}

with channels as (
    select * from {{ ref('int_channel_months_counted') }}
),

-- Spend meets customers by channel only where each channel that was paid for also brought some.
met as (
    select
        *,
        bool_and(acquisition_spend = 0 or new_customers > 0)
            over (partition by month_on) as is_cac_by_channel,
        bool_and(retention_spend = 0 or retained_customers > 0)
            over (partition by month_on) as is_retention_cost_by_channel
    from channels
),

months as (
    select
        month_on,
        'all' as channel,
        is_cac_by_channel
        {%- for column in sums %},
        sum({{ column }}) as {{ column }}
        {%- endfor %},
        is_retention_cost_by_channel
    from met
    group by month_on, is_cac_by_channel, is_retention_cost_by_channel
),

lines as (
    select
        month_on,
        channel,
        is_cac_by_channel
        {%- for column in sums %},
        {{ column }}
        {%- endfor %},
        is_retention_cost_by_channel
    from met
    union all
    select * from months
),

judged as (
    select
        *,
        case
            when max(left_censored_customers) over (partition by month_on) > 0
                then 'left_censored'
            when channel <> 'all' and not is_cac_by_channel then 'channels_differ'
            when acquisition_spend <= 0 then 'no_spend'
            when new_customers = 0 then 'no_new_customers'
            when channel = 'all' then 'month'
            else 'channel'
        end as cac_basis,
        case
            when
                retention_spend > 0 and retained_customers > 0
                and (channel = 'all' or is_retention_cost_by_channel)
                then {{ money_share('retention_spend', '1', 'retained_customers', scale=0) }}
        end as retention_cost
    from lines
),

priced as (
    select
        *,
        case
            when cac_basis in ('month', 'channel')
                then {{ money_share('acquisition_spend', '1', 'new_customers', scale=0) }}
        end as cac
    from judged
),

acquisition_retention_costs as (
    select
        {{ as_of_date() }} as as_of_date,
        month_on,
        channel,
        last_day(month_on) <= {{ as_of_date() }} as is_month_complete,
        cast(acquisition_spend as decimal(18, 4)) as acquisition_spend,
        cast(new_customers as bigint) as new_customers,
        cast(left_censored_customers as bigint) as left_censored_customers,
        is_cac_by_channel,
        cac_basis,
        cac,
        cast(retention_spend as decimal(18, 4)) as retention_spend,
        cast(retained_customers as bigint) as retained_customers,
        retention_cost,
        -- Winning is paid once, keeping every month: a year of it is set against one CAC.
        cast({{ safe_divide('cac', '(12 * retention_cost)', 4) }} as decimal(18, 4))
            as cac_to_annual_retention_cost_ratio,
        cast({{ parameter('acquisition_retention_benchmark') }} as decimal(18, 4))
            as benchmark_ratio,
        cast(other_spend as decimal(18, 4)) as other_spend,
        cast(contained_campaign_spend as decimal(18, 4)) as contained_campaign_spend
    from priced
)

select * from acquisition_retention_costs
