with outcomes as (
    select * from {{ ref('int_winback_outcomes') }}
),

planned as (
    select * from {{ ref('winback_experiments_planned') }}
),

campaigns as (
    select * from {{ ref('int_campaigns_rated') }}
),

messages as (
    select
        source_system,
        campaign_id,
        sum(cost) as cost
    from {{ ref('int_campaign_members_latest') }}
    group by source_system, campaign_id
),

-- A campaign costs what it is said to cost, and its messages at least.
campaign_costs as (
    select
        campaigns.source_system || '/' || campaigns.campaign_id as experiment,
        {{ to_reporting(
            'case when messages.cost > campaigns.spend then messages.cost'
            ~ ' else coalesce(campaigns.spend, messages.cost) end',
            'campaigns.exchange_rate'
        ) }} as cost
    from campaigns
    left join messages
        on
            campaigns.source_system = messages.source_system
            and campaigns.campaign_id = messages.campaign_id
),

counted as (
    select
        experiment,
        arm_source,
        min(assigned_on) as assigned_from_on,
        max(assigned_on) as assigned_to_on,
        max(reads_on) as reads_on,
        cast(count(*) as bigint) as customer_count,
        count(case when arm = 'treatment' then 1 end) as treated,
        count(case when arm = 'treatment' and has_returned then 1 end) as treated_returned
    from outcomes
    group by experiment, arm_source
),

-- What an experiment of the warehouse costs is in no record: each contact and each offer taken.
listed as (
    select
        counted.experiment,
        counted.arm_source,
        counted.assigned_from_on,
        counted.assigned_to_on,
        counted.reads_on,
        counted.customer_count,
        cast(
            coalesce(
                planned.material_difference, {{ parameter('experiment_material_difference') }}
            ) as decimal(9, 6)
        ) as material_difference,
        case
            when counted.arm_source = 'campaign' then campaign_costs.cost
            else {{ money(
                'counted.treated * ' ~ parameter('winback_contact_cost')
                ~ ' + counted.treated_returned * ' ~ parameter('winback_offer_cost')
            ) }}
        end as cost,
        case
            when counted.arm_source <> 'campaign' then 'assumed'
            when campaign_costs.cost is not null then 'stated'
            else 'unknown'
        end as cost_basis
    from counted
    left join planned on counted.experiment = planned.experiment
    left join campaign_costs on counted.experiment = campaign_costs.experiment
)

select * from listed
