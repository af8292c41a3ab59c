with feeds as (
    select * from {{ ref('int_consent_feeds') }}
),

consent_feeds as (
    select
        source_system,
        last_delivered_on,
        cast(age_days as bigint) as age_days,
        is_stale,
        {{ as_of_date() }} as as_of_date
    from feeds
)

select * from consent_feeds
