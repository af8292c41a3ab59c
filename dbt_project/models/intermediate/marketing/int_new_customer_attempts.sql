with campaigns as (
    select campaigns.*
    from {{ ref('int_campaigns_latest') }} as campaigns
    inner join {{ ref('marketing_purposes') }} as purposes on campaigns.type = purposes.purpose
    where purposes.cost_class = 'acquisition'
),

members as (
    select *
    from {{ ref('int_campaign_members_latest') }}
    where
        sent_on <= {{ as_of_date() }}
        and coalesce({{ campaign_arm('arm') }}, 'treatment') <> 'holdout'
),

identified as (
    select * from {{ ref('int_campaign_members_identified') }}
),

customers as (
    select * from {{ ref('customers') }}
),

-- The first purchase of a customer whose history starts half-way is not their first.
attempted as (
    select
        members.source_system,
        members.campaign_id,
        members.party_type,
        members.party_id,
        identified.customer_key,
        members.sent_on,
        {{ date_plus('members.sent_on', parameter('winback_outcome_days')) }}
            as outcome_until_on,
        customers.first_ordered_on
    from members
    inner join campaigns
        on
            members.source_system = campaigns.source_system
            and members.campaign_id = campaigns.campaign_id
    inner join identified
        on
            members.source_system = identified.source_system
            and members.campaign_id = identified.campaign_id
            and members.party_type = identified.party_type
            and members.party_id = identified.party_id
    left join customers on identified.customer_key = customers.customer_key
    where
        not coalesce(customers.is_left_censored, false)
        and coalesce(customers.first_ordered_on > members.sent_on, true)
),

attempts as (
    select
        *,
        outcome_until_on <= {{ as_of_date() }} as is_closed,
        coalesce(first_ordered_on <= outcome_until_on, false) as has_converted
    from attempted
)

select * from attempts
