with source as (
    select * from {{ source('etl', 'customer_key_changes') }}
),

renamed as (
    select
        changed_on,
        old_key,
        new_key,
        reason,
        record_count,
        old_known_on,
        new_known_on,
        current_key
    from source
)

select * from renamed
