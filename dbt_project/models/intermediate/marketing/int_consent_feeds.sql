with loads as (
    select * from {{ ref('stg_etl__loads') }}
),

-- An empty file names no table, so the exports that carry consent are those that ever did.
consent_exports as (
    select distinct
        source_system,
        export_name
    from loads
    where table_name = 'crm_consent_events'
),

delivered as (
    select
        loads.source_system,
        max(loads.business_day) as last_delivered_on
    from loads
    inner join consent_exports
        on
            loads.source_system = consent_exports.source_system
            and loads.export_name = consent_exports.export_name
    where
        loads.status in ('accepted', 'empty')
        and loads.business_day <= {{ as_of_date() }}
    group by loads.source_system
),

aged as (
    select
        source_system,
        last_delivered_on,
        {{ days_between('last_delivered_on', as_of_date()) }} as age_days,
        {{ days_between('last_delivered_on', as_of_date()) }}
        > {{ parameter('consent_feed_max_age_days') }} as is_stale
    from delivered
)

select * from aged
