with source as (
    select * from {{ source('shop', 'orders') }}
),

renamed as (
    select
        source_system,
        order_id,
        business_unit,
        order_no,
        customer_ref,
        email as email_token,
        email_domain,
        email_is_role,
        phone as phone_token,
        account_id,
        contact_id,
        crm_system,
        partner_id,
        rep_id,
        channel,
        status,
        financial_status,
        is_test,
        cast(ordered_at as timestamp) as ordered_at,
        ordered_on,
        cast(processed_at as timestamp) as processed_at,
        processed_on,
        cast(cancelled_at as timestamp) as cancelled_at,
        cancelled_on,
        currency,
        gross_items,
        discount,
        shipping,
        tax,
        tip,
        total,
        taxes_included,
        discount_codes,
        cast(promised_at as timestamp) as promised_at,
        promised_on,
        cast(delivered_at as timestamp) as delivered_at,
        delivered_on,
        ship_country,
        is_fraud,
        fx_rate,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
