with source as (
    select * from {{ source('crm', 'contracts') }}
),

renamed as (
    select
        source_system,
        contract_id,
        account_id,
        starts_on,
        ends_on,
        auto_renew,
        sole_source,
        cast(cancelled_at as timestamp) as cancelled_at,
        cancelled_on,
        cancel_reason,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
