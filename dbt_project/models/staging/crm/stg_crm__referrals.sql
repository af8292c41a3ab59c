with source as (
    select * from {{ source('crm', 'referrals') }}
),

renamed as (
    select
        source_system,
        referral_id,
        referrer_contact_id,
        referee_contact_id,
        referee_email as referee_email_token,
        referee_email_domain,
        referee_email_is_role,
        code,
        cast(referred_at as timestamp) as referred_at,
        referred_on,
        converted_order_id,
        order_system,
        reward_cost,
        currency,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
