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
        {{ month_of('spent_on') }} as month_on,
        channel,
        lower(trim(purpose)) as purpose,
        {{ to_reporting('amount', 'exchange_rate') }} as amount
    from spend
    union all
    select
        'campaign' as record_type,
        source_system,
        campaign_id as record_id,
        {{ month_of('spent_on') }} as month_on,
        channel,
        type as purpose,
        {{ to_reporting('spend', 'exchange_rate') }} as amount
    from campaigns
),

ledgers as (
    select
        purpose,
        min(month_on) as first_month
    from records
    where record_type = 'marketing_spend'
    group by purpose
),

-- Once spend is booked by day for a purpose, its campaigns are in there: they would count twice.
classed as (
    select
        records.record_type,
        records.source_system,
        records.record_id,
        records.month_on,
        coalesce(records.channel, 'unattributed') as channel,
        records.purpose,
        case
            when records.record_type = 'campaign' and ledgers.first_month <= records.month_on
                then 'contained'
            else coalesce(purposes.cost_class, 'other')
        end as cost_class,
        records.amount
    from records
    left join purposes on records.purpose = purposes.purpose
    left join ledgers on records.purpose = ledgers.purpose
)

select * from classed
