with source as (
    select * from {{ source('etl', 'rejects') }}
),

renamed as (
    select
        delivery_id,
        source_system,
        export as export_name,
        business_day,
        table_name,
        column_name,
        reason,
        rows as row_count,
        amount
    from source
)

select * from renamed
