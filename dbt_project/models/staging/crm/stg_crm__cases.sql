with source as (
    select * from {{ source('crm', 'cases') }}
),

renamed as (
    select
        source_system,
        case_id,
        contact_id,
        account_id,
        order_id,
        order_system,
        email as email_token,
        email_domain,
        email_is_role,
        type,
        reason_code,
        root_cause,
        severity,
        origin,
        is_escalated,
        is_public,
        status,
        cast(opened_at as timestamp) as opened_at,
        opened_on,
        cast(first_response_at as timestamp) as first_response_at,
        first_response_on,
        cast(solved_at as timestamp) as solved_at,
        solved_on,
        cast(closed_at as timestamp) as closed_at,
        closed_on,
        reopens,
        csat,
        compensation,
        currency,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
