with trade_events as (
    select * from {{ ref('int_trade_events_listed') }}
),

service_events as (
    select * from {{ ref('int_service_events_listed') }}
),

marketing_events as (
    select * from {{ ref('int_marketing_events_listed') }}
),

sales_events as (
    select * from {{ ref('int_sales_events_listed') }}
),

event_types as (
    select * from {{ ref('event_types') }}
),

events as (
    select * from trade_events
    union all
    select * from service_events
    union all
    select * from marketing_events
    union all
    select * from sales_events
),

-- What lies ahead (a contract that starts next month) has not happened yet.
stacked as (
    select
        md5(
            events.source_system || '|' || events.source_entity || '|' || events.event_type
            || '|' || events.source_id
        ) as event_key,
        events.customer_key,
        events.occurred_at,
        events.occurred_on,
        events.event_type,
        event_types.event_group,
        events.source_system,
        events.source_entity,
        events.source_id,
        events.channel,
        coalesce(events.direction, event_types.direction) as direction,
        events.detail,
        events.amount,
        events.currency,
        events.reporting_amount,
        events.points,
        coalesce(events.is_automatic, event_types.is_automatic) as is_automatic,
        events.known_on
    from events
    left join event_types on events.event_type = event_types.event_type
    where events.occurred_on <= {{ as_of_date() }}
)

select * from stacked
