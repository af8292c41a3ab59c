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

leads as (
    select * from {{ ref('int_leads_latest') }}
),

leads_identified as (
    select * from {{ ref('int_leads_identified') }}
),

open_items as (
    select * from {{ ref('int_customer_open_items') }}
),

judged as (
    select identities.customer_key
    from contacts
    inner join identities
        on
            contacts.source_system = identities.source_system
            and contacts.contact_id = identities.source_id
    inner join stages on lower(trim(contacts.lifecycle_raw)) = stages.lifecycle_raw
    where stages.is_qualified
    union all
    select leads_identified.customer_key
    from leads
    inner join leads_identified
        on
            leads.source_system = leads_identified.source_system
            and leads.lead_id = leads_identified.lead_id
    -- Nobody converts a lead without having judged it.
    where leads.status in ('qualified', 'converted')
),

qualified as (
    select distinct customer_key from judged
),

responded as (
    select distinct customer_key
    from {{ ref('customer_events') }}
    where event_type in ('survey_answered', 'campaign_responded')
),

qualifications as (
    select
        customers.customer_key,
        qualified.customer_key is not null as is_qualified_lead,
        open_items.open_opportunities > 0 as has_open_opportunity,
        responded.customer_key is not null as has_responded
    from {{ ref('customers') }} as customers
    inner join open_items on customers.customer_key = open_items.customer_key
    left join qualified on customers.customer_key = qualified.customer_key
    left join responded on customers.customer_key = responded.customer_key
)

select * from qualifications
