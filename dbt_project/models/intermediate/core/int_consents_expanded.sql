with events as (
    select * from {{ ref('int_consent_events_latest') }}
),

identified as (
    select * from {{ ref('int_consent_events_identified') }}
),

passed_over as (
    select
        source_system,
        source_id as contact_id
    from {{ ref('int_crm_records_identified') }}
    where entity = 'contact' and is_passed_over
),

channels as (
    select 'any' as channel
    union all
    select 'email' as channel
    union all
    select 'phone' as channel
    union all
    select 'post' as channel
    union all
    select 'sms' as channel
),

-- What is said for any channel is said for each of them.
expanded as (
    select
        identified.customer_key,
        channels.channel,
        events.purpose,
        events.state,
        events.occurred_at,
        events.occurred_on,
        events.source_system,
        events.consent_id
    from events
    inner join identified
        on
            events.source_system = identified.source_system
            and events.consent_id = identified.consent_id
    inner join channels on events.channel in ('any', channels.channel)
    left join passed_over
        on
            events.source_system = passed_over.source_system
            and events.contact_id = passed_over.contact_id
    -- What a dead or minor contact granted does not speak for the business; a no stays one.
    where
        identified.customer_key is not null
        and (passed_over.contact_id is null or events.state <> 'granted')
)

select * from expanded
