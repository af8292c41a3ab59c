with source as (
    select * from {{ source('shop', 'refund_lines') }}
),

renamed as (
    select
        source_system,
        refund_id,
        line_no,
        order_line_no,
        quantity,
        amount,
        restocked,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
