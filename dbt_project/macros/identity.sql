{# customer_key of each record that names a party: by its contact, else its account, else its lead,
   else its e-mail token, else the order it is about; null where none of them resolves. Contacts,
   accounts and leads are looked up in the record's own source system, an order in order_system
   where that is stated; e-mail tokens belong to no system.

   relation: an int_<entity>_latest model. key: its id column. contact, account, lead, email, order:
   its columns that name one; false where it has none. #}
{% macro identified_parties(
    relation, key, contact='contact_id', account=false, lead=false, email=false, order=false
) -%}
{%- set parties = [
    [contact, 'by_contact'], [account, 'by_account'], [lead, 'by_lead'], [email, 'by_email'],
    [order, 'orders']
] -%}
{%- set found = [] -%}
{%- for column, table in parties if column -%}
    {%- do found.append(table ~ '.customer_key') -%}
{%- endfor -%}
with records as (
    select * from {{ relation }}
),

identities as (
    select * from {{ ref('stg_etl__identities') }}
),
{% if order %}
orders as (
    select * from {{ ref('int_orders_identified') }}
),
{% endif %}
identified as (
    select
        records.source_system,
        records.{{ key }},
        coalesce({{ found | join(', ') }}) as customer_key
    from records
    {% if contact -%}
    left join identities as by_contact
        on
            by_contact.entity = 'contact'
            and records.source_system = by_contact.source_system
            and records.{{ contact }} = by_contact.source_id
    {% endif -%}
    {% if account -%}
    left join identities as by_account
        on
            by_account.entity = 'account'
            and records.source_system = by_account.source_system
            and records.{{ account }} = by_account.source_id
    {% endif -%}
    {% if lead -%}
    left join identities as by_lead
        on
            by_lead.entity = 'lead'
            and records.source_system = by_lead.source_system
            and records.{{ lead }} = by_lead.source_id
    {% endif -%}
    {% if email -%}
    left join identities as by_email
        on by_email.entity = 'email' and records.{{ email }} = by_email.source_id
    {% endif -%}
    {% if order -%}
    left join orders
        on
            coalesce(records.order_system, records.source_system) = orders.source_system
            and records.{{ order }} = orders.order_id
    {% endif %}
)

select * from identified
{%- endmacro %}


{# customer_key of each record that names a party by party_type and party_id.

   relation: an int_<entity>_latest model. keys: its key columns beside source_system. #}
{% macro identified_typed_parties(relation, keys) -%}
with records as (
    select * from {{ relation }}
),

identities as (
    select * from {{ ref('stg_etl__identities') }}
),

identified as (
    select
        records.source_system,
        {% for key in keys -%}
        records.{{ key }},
        {% endfor -%}
        by_party.customer_key
    from records
    left join identities as by_party
        on
            records.party_type = by_party.entity
            and records.source_system = by_party.source_system
            and records.party_id = by_party.source_id
)

select * from identified
{%- endmacro %}


{# customer_key of each record through the record it belongs to, in its own source system.

   relation: an int_<entity>_latest model. key: its id column. through: the int_<entity>_identified
   model of what it belongs to. by: the column that names it, in both. #}
{% macro identified_through(relation, key, through, by) -%}
with records as (
    select * from {{ relation }}
),

owners as (
    select * from {{ through }}
),

identified as (
    select
        records.source_system,
        records.{{ key }},
        owners.customer_key
    from records
    left join owners
        on
            records.source_system = owners.source_system
            and records.{{ by }} = owners.{{ by }}
)

select * from identified
{%- endmacro %}


{# Who speaks or orders within a business: the contact, else the e-mail token, else nobody in
   particular (an empty text). #}
{% macro respondent(source_system, contact_id, email_token) -%}
    coalesce({{ source_system }} || '|' || {{ contact_id }}, {{ email_token }}, '')
{%- endmacro %}


{# Rank of a CRM record among those of its customer, from 1: which to quote, and to write to, first.
   Not merged away, the business before its people, then the latest. #}
{% macro crm_record_rank() -%}
row_number() over (
    partition by customer_key
    order by
        case when master_id is null then 0 else 1 end asc nulls last,
        case when is_business then 0 else 1 end asc nulls last,
        updated_at desc nulls last,
        source_system asc nulls last,
        entity asc nulls last,
        source_id asc nulls last
)
{%- endmacro %}
