with contacts as (
    select * from {{ ref('int_contacts_latest') }}
),

identities as (
    select *
    from {{ ref('customer_identities') }}
    where entity = 'contact' and customer_key is not null
),

stages as (
    select * from {{ ref('lifecycle_map') }}
),

qualified as (
    select distinct identities.customer_key
    from contacts
    inner join identities
        on
            contacts.source_system = identities.source_system
            and contacts.contact_id = identities.source_id
    inner join stages on lower(trim(contacts.lifecycle_raw)) = stages.lifecycle_raw
    where stages.is_qualified
),

responded as (
    select distinct customer_key
    from {{ ref('survey_responses') }}
    where customer_key is not null and responded_on <= {{ as_of_date() }}
),

qualifications as (
    select
        customers.customer_key,
        qualified.customer_key is not null as is_qualified_lead,
        responded.customer_key is not null as has_responded
    from {{ ref('customers') }} as customers
    left join qualified on customers.customer_key = qualified.customer_key
    left join responded on customers.customer_key = responded.customer_key
)

select * from qualifications
