with spend as (
    select * from {{ ref('int_marketing_spend_rated') }}
    where spent_on <= {{ as_of_date() }}
),

campaigns as (
    select * from {{ ref('int_campaigns_rated') }}
    where spend is not null and spent_on <= {{ as_of_date() }}
),

purposes as (
    select * from {{ ref('marketing_purposes') }}
),

records as (
    select
        'marketing_spend' as record_type,
        source_system,
        cast(spent_on as string) || '|' || channel || '|' || purpose as record_id,
        spent_on,
        spent_on as ends_on,
        coalesce(channel, 'unattributed') as channel,
        lower(trim(purpose)) as purpose,
        {{ to_reporting('amount', 'exchange_rate') }} as amount
    from spend
    union all
    select
        'campaign' as record_type,
        source_system,
        campaign_id as record_id,
        spent_on,
        coalesce(ends_on, {{ as_of_date() }}) as ends_on,
        coalesce(channel, 'unattributed') as channel,
        type as purpose,
        {{ to_reporting('spend', 'exchange_rate') }} as amount
    from campaigns
),

-- What was booked by day for the purpose and on the channel of a campaign while it ran.
booked as (
    select
        campaigns.source_system,
        campaigns.record_id,
        sum(daily.amount) as amount
    from records as campaigns
    inner join records as daily
        on
            campaigns.purpose = daily.purpose
            and campaigns.channel = daily.channel
            and daily.spent_on between campaigns.spent_on and campaigns.ends_on
    where campaigns.record_type = 'campaign' and daily.record_type = 'marketing_spend'
    group by campaigns.source_system, campaigns.record_id
),

-- Where the days can hold all of a campaign's money, it is taken to be in there.
classed as (
    select
        records.record_type,
        records.source_system,
        records.record_id,
        {{ month_of('records.spent_on') }} as month_on,
        records.channel,
        records.purpose,
        case
            when records.record_type = 'campaign' and booked.amount >= records.amount
                then 'contained'
            else coalesce(purposes.cost_class, 'other')
        end as cost_class,
        records.amount
    from records
    left join purposes on records.purpose = purposes.purpose
    left join booked
        on
            records.source_system = booked.source_system
            and records.record_id = booked.record_id
)

select * from classed
