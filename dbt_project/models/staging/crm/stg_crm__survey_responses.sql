with source as (
    select * from {{ source('crm', 'survey_responses') }}
),

renamed as (
    select
        source_system,
        response_id,
        contact_id,
        account_id,
        email as email_token,
        email_domain,
        email_is_role,
        survey_type,
        item_code,
        score,
        scale_min,
        scale_max,
        higher_is_better,
        order_id,
        order_system,
        case_id,
        comment as comment_token,
        cast(responded_at as timestamp) as responded_at,
        responded_on,
        cast(updated_at as timestamp) as updated_at,
        updated_on,
        {{ envelope() }}
    from source
)

select * from renamed
