with source as (
    select * from {{ source('crm', 'loyalty_transactions') }}
),

renamed as (
    select
        source_system,
        transaction_id,
        member_id,
        kind,
        points,
        order_id,
        order_system,
        cast(occurred_at as timestamp) as occurred_at,
        occurred_on,
        expires_on,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
