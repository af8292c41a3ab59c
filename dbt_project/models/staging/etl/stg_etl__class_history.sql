with source as (
    select * from {{ source('etl', 'class_history') }}
),

renamed as (
    select
        customer_key,
        domain,
        code,
        changed_on
    from source
)

select * from renamed
