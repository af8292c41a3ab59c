with source as (
    select * from {{ source('etl', 'loads') }}
),

renamed as (
    select
        delivery_id,
        source_system,
        export as export_name,
        feed,
        business_day,
        mode as delivery_mode,
        source_file,
        status,
        file_reason,
        table_name,
        records,
        rows_accepted,
        rows_rejected,
        amount_accepted,
        amount_rejected
    from source
)

select * from renamed
