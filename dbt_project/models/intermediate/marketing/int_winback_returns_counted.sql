{%- set breakdowns = ['loss_reason', 'recency_band'] -%}

with outcomes as (
    select
        *,
        {{ month_of('assigned_on') }} as month_on
    from {{ ref('int_winback_outcomes') }}
),

-- What has not been read yet is not told here either.
already_read as (
    select distinct experiment from {{ ref('stg_etl__winback_results') }}
),

broken_down as (
    select
        month_on,
        experiment,
        arm_source,
        'all' as breakdown,
        'all' as breakdown_code,
        arm,
        has_returned
    from outcomes
    {%- for breakdown in breakdowns %}
    union all
    select
        month_on,
        experiment,
        arm_source,
        '{{ breakdown }}' as breakdown,
        {{ breakdown }} as breakdown_code,
        arm,
        has_returned
    from outcomes
    {%- endfor %}
),

counted as (
    select
        broken_down.month_on,
        broken_down.experiment,
        broken_down.arm_source,
        broken_down.breakdown,
        broken_down.breakdown_code,
        count(case when broken_down.arm = 'treatment' then 1 end) as treated,
        count(case when broken_down.arm = 'treatment' and broken_down.has_returned then 1 end)
            as treated_returned,
        count(case when broken_down.arm = 'holdout' then 1 end) as held_out,
        count(case when broken_down.arm = 'holdout' and broken_down.has_returned then 1 end)
            as held_out_returned
    from broken_down
    inner join already_read on broken_down.experiment = already_read.experiment
    group by
        broken_down.month_on,
        broken_down.experiment,
        broken_down.arm_source,
        broken_down.breakdown,
        broken_down.breakdown_code
)

select * from counted
