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

-- Who refuses to be won back on one channel refuses it on all.
refusals as (
    select distinct customer_key
    from decisions
    where purpose = 'winback' and not is_granted
),

-- A grant for marketing is none for win-back; an objection to marketing is one to win-back.
permitted as (
    select
        decisions.customer_key,
        decisions.channel,
        bool_or(decisions.purpose = 'winback' and decisions.is_granted) as is_granted,
        bool_or(not decisions.is_granted or refusals.customer_key is not null) as is_objected
    from decisions
    left join refusals on decisions.customer_key = refusals.customer_key
    group by decisions.customer_key, decisions.channel
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
