with source as (
    select * from {{ source('crm', 'opportunities') }}
),

renamed as (
    select
        source_system,
        opportunity_id,
        account_id,
        contact_id,
        stage,
        amount,
        currency,
        expected_close_on,
        cast(closed_at as timestamp) as closed_at,
        closed_on,
        is_won,
        lost_reason,
        cast(created_at as timestamp) as created_at,
        created_on,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
