with customers as (
    select * from {{ ref('customers') }}
),

consents as (
    select * from {{ ref('consents') }}
),

contact as (
    select
        customer_key,
        bool_or(is_objected) and not bool_or(is_consented) as is_objected,
        {{ joined_text(
            'case when is_consented and is_reachable then channel end',
            "';'",
            'channel asc nulls last'
        ) }} as eligible_channels
    from {{ ref('int_customer_channels') }}
    group by customer_key
),

-- A decision is only as fresh as the feed that would bring its withdrawal.
feeds as (
    select
        consents.customer_key,
        bool_or(coalesce(feeds.is_stale, true)) as is_stale
    from consents
    left join {{ ref('int_consent_feeds') }} as feeds
        on consents.source_system = feeds.source_system
    group by consents.customer_key
),

permissions as (
    select
        customers.customer_key,
        coalesce(customers.is_profiling_objected, false) as is_profiling_objected,
        coalesce(contact.is_objected, false) as is_marketing_objected,
        coalesce(feeds.is_stale, false) as is_consent_stale,
        coalesce(customers.is_profiling_objected, false)
        or coalesce(customers.is_minor, false) as is_not_profiled,
        nullif(contact.eligible_channels, '') as eligible_channels
    from customers
    left join contact on customers.customer_key = contact.customer_key
    left join feeds on customers.customer_key = feeds.customer_key
)

select * from permissions
