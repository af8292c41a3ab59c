with changes as (
    select * from {{ ref('stg_etl__customer_key_changes') }}
),

customer_key_changes as (
    select
        changed_on,
        old_key,
        new_key,
        reason,
        record_count,
        old_known_on,
        new_known_on,
        current_key
    from changes
)

select * from customer_key_changes
