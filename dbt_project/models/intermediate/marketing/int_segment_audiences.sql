with customers as (
    select * from {{ ref('customers') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

-- A grant for marketing on a channel that reaches the customer.
allowed as (
    select distinct consents.customer_key
    from {{ ref('consents') }} as consents
    inner join {{ ref('int_customer_channels') }} as channels
        on
            consents.customer_key = channels.customer_key
            and consents.channel = channels.channel
    where
        consents.purpose = 'marketing'
        and consents.is_granted
        and channels.is_reachable
),

-- Whoever is held back from win-back is in no audience that might be used for it.
held_back as (
    select customer_key
    from {{ ref('int_winback_memberships') }}
    where arm = 'holdout'
),

audiences as (
    select customers.customer_key
    from customers
    inner join permissions on customers.customer_key = permissions.customer_key
    inner join allowed on customers.customer_key = allowed.customer_key
    left join held_back on customers.customer_key = held_back.customer_key
    where
        not permissions.is_not_profiled
        and not permissions.is_consent_stale
        and not customers.is_internal
        and not customers.is_deceased
        and held_back.customer_key is null
)

select * from audiences
