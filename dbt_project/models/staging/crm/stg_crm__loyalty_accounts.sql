with source as (
    select * from {{ source('crm', 'loyalty_accounts') }}
),

renamed as (
    select
        source_system,
        member_id,
        contact_id,
        programme,
        tier,
        tier_since_on,
        joined_on,
        left_on,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
