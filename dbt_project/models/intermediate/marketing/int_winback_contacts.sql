with cells as (
    select * from {{ ref('int_winback_cells') }}
),

contacts as (
    select * from {{ ref('int_customer_contacts') }}
),

channels as (
    select *
    from {{ ref('int_customer_channels') }}
    where is_consented and is_reachable
),

purchases as (
    select
        customer_key,
        max(ordered_on) as last_purchase_on
    from {{ ref('int_customer_purchase_days') }}
    group by customer_key
),

used as (
    select
        customer_key,
        channel,
        count(*) as uses
    from contacts
    where {{ days_between('contacted_on', as_of_date()) }} < {{ parameter('channel_cap_days') }}
    group by customer_key, channel
),

uncapped as (
    select
        channels.customer_key,
        {{ joined_text('channels.channel', "';'", 'channels.channel asc nulls last') }} as channels
    from channels
    left join used
        on channels.customer_key = used.customer_key and channels.channel = used.channel
    where coalesce(used.uses, 0) < {{ parameter('channel_cap_contacts') }}
    group by channels.customer_key
),

-- An attempt has failed when its time is over and nothing was bought since.
judged as (
    select
        contacts.customer_key,
        contacts.contacted_on,
        case
            when
                contacts.contacted_on > purchases.last_purchase_on
                and {{ days_between('contacts.contacted_on', as_of_date()) }}
                >= {{ parameter('winback_outcome_days') }}
                then contacts.winback_campaign
        end as failed_campaign
    from contacts
    left join purchases on contacts.customer_key = purchases.customer_key
),

attempted as (
    select
        customer_key,
        max(contacted_on) as last_contacted_on,
        count(distinct failed_campaign) as failed_attempts
    from judged
    group by customer_key
),

contacted as (
    select
        cells.customer_key,
        uncapped.channels as uncapped_channels,
        attempted.last_contacted_on,
        cast(coalesce(attempted.failed_attempts, 0) as bigint) as failed_attempts
    from cells
    left join uncapped on cells.customer_key = uncapped.customer_key
    left join attempted on cells.customer_key = attempted.customer_key
)

select * from contacted
