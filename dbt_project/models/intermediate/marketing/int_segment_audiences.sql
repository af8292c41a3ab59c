with customers as (
    select * from {{ ref('customers') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

-- The channels on which the customer granted marketing and can be reached; no other may be used.
allowed as (
    select
        consents.customer_key,
        {{ joined_text('consents.channel', "';'", 'consents.channel asc nulls last') }} as channels
    from {{ ref('consents') }} as consents
    inner join {{ ref('int_customer_channels') }} as channels
        on
            consents.customer_key = channels.customer_key
            and consents.channel = channels.channel
    where
        consents.purpose = 'marketing'
        and consents.is_granted
        and channels.is_reachable
    group by consents.customer_key
),

-- Whoever is held back from win-back is in no audience that might be used for it.
held_back as (
    select customer_key
    from {{ ref('int_winback_memberships') }}
    where arm = 'holdout'
),

audiences as (
    select
        customers.customer_key,
        allowed.channels
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
