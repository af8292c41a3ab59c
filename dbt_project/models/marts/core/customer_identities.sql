with identities as (
    select * from {{ ref('stg_etl__identities') }}
),

-- E-mail tokens stay behind: a token is personal data, and no reader needs it.
customer_identities as (
    select
        source_system,
        entity,
        source_id,
        customer_key,
        rule,
        confidence,
        known_on,
        customer_key is null as is_quarantined
    from identities
    where entity <> 'email'
)

select * from customer_identities
