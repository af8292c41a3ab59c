with orders as (
    select
        *,
        coalesce(crm_system, source_system) as party_system
    from {{ ref('int_orders_latest') }}
),

identities as (
    select * from {{ ref('stg_etl__identities') }}
),

-- An account that an order names has bought it, whoever placed it. Then the shop's own customer
-- number says most; an e-mail token alone identifies a guest who left one.
identified as (
    select
        orders.source_system,
        orders.order_id,
        coalesce(
            by_account.customer_key,
            by_customer_ref.customer_key,
            by_contact.customer_key,
            by_email.customer_key
        ) as customer_key
    from orders
    left join identities as by_account
        on
            by_account.entity = 'account'
            and orders.party_system = by_account.source_system
            and orders.account_id = by_account.source_id
    left join identities as by_customer_ref
        on
            by_customer_ref.entity = 'customer_ref'
            and orders.source_system = by_customer_ref.source_system
            and orders.customer_ref = by_customer_ref.source_id
    left join identities as by_contact
        on
            by_contact.entity = 'contact'
            and orders.party_system = by_contact.source_system
            and orders.contact_id = by_contact.source_id
    left join identities as by_email
        on by_email.entity = 'email' and orders.email_token = by_email.source_id
)

select * from identified
