with source as (
    select * from {{ source('crm', 'category_spend') }}
),

renamed as (
    select
        source_system,
        party_type,
        party_id,
        category,
        year,
        amount,
        currency,
        basis,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
