with identities as (
    select * from {{ ref('stg_etl__identities') }}
),

-- E-mail tokens stay behind: a token is personal data, and no reader needs it. No record is matched
-- with one either: what shares an address is matched with the next record that has it.
customer_identities as (
    select
        source_system,
        entity,
        source_id,
        record_key,
        customer_key,
        rule,
        confidence,
        matched_system,
        matched_entity,
        matched_id,
        known_on,
        customer_key is null as is_quarantined
    from identities
    where entity <> 'email'
)

select * from customer_identities
