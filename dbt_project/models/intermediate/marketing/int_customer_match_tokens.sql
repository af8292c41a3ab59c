with crm_records as (
    select * from {{ ref('int_customer_crm_records') }}
),

contacts as (
    select * from {{ ref('int_contacts_latest') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

-- A no on one channel is a no: a hashed address is the address of a person.
matchable as (
    select customer_key
    from {{ ref('consents') }}
    where purpose = 'third_party_matching'
    group by customer_key
    having bool_and(is_granted)
),

match_tokens as (
    select
        crm_records.customer_key,
        contacts.email_token,
        contacts.phone_token
    from crm_records
    inner join matchable on crm_records.customer_key = matchable.customer_key
    inner join permissions on crm_records.customer_key = permissions.customer_key
    inner join contacts
        on
            crm_records.crm_system = contacts.source_system
            and crm_records.contact_id = contacts.contact_id
    where
        not permissions.is_consent_stale
        and coalesce(contacts.email_token, contacts.phone_token) is not null
)

select * from match_tokens
