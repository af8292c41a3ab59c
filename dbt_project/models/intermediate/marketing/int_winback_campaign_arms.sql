with campaigns as (
    select * from {{ ref('int_campaigns_latest') }}
    where type = 'winback'
),

members as (
    select
        members.source_system,
        members.campaign_id,
        members.party_type,
        members.party_id,
        parties.customer_key,
        members.sent_on,
        members.first_known_on,
        {{ campaign_arm('members.arm') }} as arm
    from {{ ref('int_campaign_members_latest') }} as members
    inner join {{ ref('int_campaign_members_identified') }} as parties
        on
            members.source_system = parties.source_system
            and members.campaign_id = parties.campaign_id
            and members.party_type = parties.party_type
            and members.party_id = parties.party_id
),

-- Both arms start on one day: the campaign's, else that of its first message.
dated as (
    select
        members.source_system || '/' || members.campaign_id as experiment,
        members.customer_key,
        members.arm,
        members.party_type,
        members.party_id,
        coalesce(
            campaigns.starts_on,
            min(members.sent_on) over (partition by members.source_system, members.campaign_id),
            campaigns.first_known_on
        ) as assigned_on
    from members
    inner join campaigns
        on
            members.source_system = campaigns.source_system
            and members.campaign_id = campaigns.campaign_id
    where members.arm is not null
),

-- A campaign that held nobody back is no experiment.
compared as (
    select
        *,
        bool_or(arm = 'holdout') over (partition by experiment)
        and bool_or(arm = 'treatment') over (partition by experiment) as has_both_arms,
        min(arm) over (partition by experiment, customer_key)
        <> max(arm) over (partition by experiment, customer_key) as is_arm_conflict
    from dated
    where customer_key is not null
),

-- Who is in a campaign twice was written to if one of the two was: treatment sorts last.
campaign_arms as (
    select
        customer_key,
        experiment,
        arm,
        assigned_on,
        is_arm_conflict
    from compared
    where has_both_arms and assigned_on <= {{ as_of_date() }}
    qualify
        row_number() over (
            partition by experiment, customer_key
            order by arm desc nulls last, party_type asc nulls last, party_id asc nulls last
        ) = 1
)

select * from campaign_arms
