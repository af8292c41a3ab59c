with source as (
    select * from {{ source('etl', 'clv_closed_lines') }}
),

renamed as (
    select
        close_id,
        business_unit,
        line_no,
        line,
        amount
    from source
)

select * from renamed
