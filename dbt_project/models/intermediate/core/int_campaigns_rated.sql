with campaigns as (
    select * from {{ ref('int_campaigns_latest') }}
),

dated_rates as (
    select * from {{ ref('int_exchange_rates_dated') }}
),

-- A campaign is paid on its first day, at the rate of that day; without one, once it is known of.
rated as (
    select
        campaigns.source_system,
        campaigns.campaign_id,
        campaigns.channel,
        campaigns.type,
        coalesce(campaigns.starts_on, campaigns.first_known_on) as spent_on,
        campaigns.ends_on,
        campaigns.currency,
        campaigns.spend,
        {{ rate_of('campaigns.currency', {}, 'dated_rates.rate') }} as exchange_rate
    from campaigns
    left join dated_rates
        on
            campaigns.currency = dated_rates.from_currency
            and coalesce(campaigns.starts_on, campaigns.first_known_on) = dated_rates.used_on
)

select * from rated
