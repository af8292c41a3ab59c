with decisions as (
    select *
    from {{ ref('consents') }}
    where purpose in ('marketing', 'winback')
),

customers as (
    select * from {{ ref('customers') }}
),

channels as (
    select * from {{ ref('contact_channels') }}
),

-- A grant for one purpose never outweighs an objection to the other.
permitted as (
    select
        customer_key,
        channel,
        bool_or(is_granted) as is_granted,
        bool_or(not is_granted) as is_objected
    from decisions
    group by customer_key, channel
),

reached as (
    select
        permitted.customer_key,
        permitted.channel,
        permitted.is_granted and not permitted.is_objected as is_consented,
        permitted.is_objected,
        coalesce(
            case channels.address_kind
                when 'email' then customers.has_email and customers.email_bounced_on is null
                when 'phone' then customers.has_phone
            end,
            false
        ) as is_reachable
    from permitted
    inner join channels on permitted.channel = channels.channel
    inner join customers on permitted.customer_key = customers.customer_key
)

select * from reached
