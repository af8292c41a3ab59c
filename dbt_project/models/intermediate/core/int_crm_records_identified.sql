with accounts as (
    select * from {{ ref('int_accounts_latest') }}
),

contacts as (
    select * from {{ ref('int_contacts_latest') }}
),

identities as (
    select * from {{ ref('stg_etl__identities') }}
),

records as (
    select
        source_system,
        'account' as entity,
        account_id as source_id,
        master_id,
        not is_person as is_business,
        lower(trim(nature)) as nature_word,
        lower(trim(account_type)) as type_word,
        country,
        email_token is not null as has_email,
        email_domain,
        cast(null as date) as email_bounced_on,
        phone_token is not null as has_phone,
        coalesce(lower(account_type) = 'internal', false) as is_internal,
        false as is_deceased,
        false as is_minor,
        bad_debt_on is not null as has_bad_debt,
        closed_on,
        created_on,
        updated_at
    from accounts
    union all
    select
        source_system,
        'contact' as entity,
        contact_id as source_id,
        master_id,
        false as is_business,
        cast(null as string) as nature_word,
        cast(null as string) as type_word,
        country,
        email_token is not null as has_email,
        email_domain,
        email_bounced_on,
        phone_token is not null as has_phone,
        false as is_internal,
        coalesce(is_deceased, false) as is_deceased,
        coalesce(is_minor, false) as is_minor,
        false as has_bad_debt,
        cast(null as date) as closed_on,
        created_on,
        updated_at
    from contacts
),

identified as (
    select
        records.*,
        identities.customer_key
    from records
    inner join identities
        on
            records.source_system = identities.source_system
            and records.entity = identities.entity
            and records.source_id = identities.source_id
    where identities.customer_key is not null
),

-- A business lives on when one of its people dies, but nobody writes to them.
addressed as (
    select
        *,
        (is_deceased or is_minor) and bool_or(is_business) over (partition by customer_key)
            as is_passed_over
    from identified
)

select * from addressed
