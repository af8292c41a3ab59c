with stacked as (
    select * from {{ ref('int_events_stacked') }}
),

customer_event_coverage as (
    select
        source_system,
        event_type,
        event_group,
        count(*) as event_count,
        count(customer_key) as attributed_count,
        count(*) - count(customer_key) as unattributed_count,
        min(occurred_on) as first_occurred_on,
        max(occurred_on) as last_occurred_on
    from stacked
    group by source_system, event_type, event_group
)

select * from customer_event_coverage
