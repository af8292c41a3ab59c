with source as (
    select * from {{ source('crm', 'reps') }}
),

renamed as (
    select
        source_system,
        rep_id,
        name as name_token,
        team,
        hired_on,
        left_on,
        is_queue,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
