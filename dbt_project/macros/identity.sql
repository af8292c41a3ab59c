{# customer_key of each record that names a party: by its contact, else its account, else its
   e-mail token; null where none of them resolves. Contacts and accounts are looked up in the
   record's own source system; e-mail tokens belong to none.

   relation: an int_<entity>_latest model. key: its id column. account: false where it has none. #}
{% macro identified_parties(relation, key, account=true) -%}
with records as (
    select * from {{ relation }}
),

identities as (
    select * from {{ ref('stg_etl__identities') }}
),

identified as (
    select
        records.source_system,
        records.{{ key }},
        coalesce(
            by_contact.customer_key,
            {% if account -%}
            by_account.customer_key,
            {% endif -%}
            by_email.customer_key
        ) as customer_key
    from records
    left join identities as by_contact
        on
            by_contact.entity = 'contact'
            and records.source_system = by_contact.source_system
            and records.contact_id = by_contact.source_id
    {% if account -%}
    left join identities as by_account
        on
            by_account.entity = 'account'
            and records.source_system = by_account.source_system
            and records.account_id = by_account.source_id
    {% endif -%}
    left join identities as by_email
        on by_email.entity = 'email' and records.email_token = by_email.source_id
)

select * from identified
{%- endmacro %}
