with source as (
    select * from {{ source('crm', 'accounts') }}
),

renamed as (
    select
        source_system,
        account_id,
        name as name_token,
        account_type,
        nature,
        parent_id,
        master_id,
        industry,
        employees,
        annual_revenue,
        currency,
        owner_rep_id,
        partner_id,
        email as email_token,
        email_domain,
        email_is_role,
        phone as phone_token,
        website,
        country,
        region,
        is_person,
        external_system,
        external_ref,
        credit_status,
        payment_terms_days,
        cast(bad_debt_at as timestamp) as bad_debt_at,
        bad_debt_on,
        cast(created_at as timestamp) as created_at,
        created_on,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        cast(closed_at as timestamp) as closed_at,
        closed_on,
        {{ envelope() }}
    from source
)

select * from renamed
