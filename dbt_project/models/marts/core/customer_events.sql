with stacked as (
    select * from {{ ref('int_events_stacked') }}
),

customer_events as (
    select
        event_key,
        customer_key,
        occurred_at,
        occurred_on,
        event_type,
        event_group,
        source_system,
        source_entity,
        source_id,
        channel,
        direction,
        detail,
        amount,
        currency,
        reporting_amount,
        points,
        is_automatic,
        known_on
    from stacked
    where customer_key is not null
)

select * from customer_events
