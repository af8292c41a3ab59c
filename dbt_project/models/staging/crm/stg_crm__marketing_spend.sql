with source as (
    select * from {{ source('crm', 'marketing_spend') }}
),

renamed as (
    select
        source_system,
        spent_on,
        channel,
        purpose,
        amount,
        currency,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
