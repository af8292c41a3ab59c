with source as (
    select * from {{ source('crm', 'case_events') }}
),

renamed as (
    select
        source_system,
        event_id,
        case_id,
        event_type,
        cast(occurred_at as timestamp) as occurred_at,
        occurred_on,
        rep_id,
        is_auto,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
