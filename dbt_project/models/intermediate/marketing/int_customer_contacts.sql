with events as (
    select *
    from {{ ref('customer_events') }}
    where
        occurred_on <= {{ as_of_date() }}
        and (
            event_type = 'campaign_sent'
            or (event_type = 'interaction' and direction = 'out' and not is_automatic)
        )
),

campaigns as (
    select * from {{ ref('int_campaigns_latest') }}
),

-- A campaign's message has the channel of its campaign.
contacts as (
    select
        events.event_key,
        events.customer_key,
        events.occurred_on as contacted_on,
        coalesce(events.channel, campaigns.channel) as channel,
        case
            when campaigns.type = 'winback'
                then campaigns.source_system || '/' || campaigns.campaign_id
        end as winback_campaign
    from events
    left join campaigns
        on
            events.event_type = 'campaign_sent'
            and events.source_system = campaigns.source_system
            and events.detail = campaigns.campaign_id
)

select * from contacts
