with spend as (
    select * from {{ ref('int_marketing_spend_latest') }}
),

dated_rates as (
    select * from {{ ref('int_exchange_rates_dated') }}
),

-- Spend states no rate of its own; that of its day holds.
rated as (
    select
        spend.source_system,
        spend.spent_on,
        spend.channel,
        spend.purpose,
        spend.currency,
        spend.amount,
        {{ rate_of('spend.currency', {}, 'dated_rates.rate') }} as exchange_rate
    from spend
    left join dated_rates
        on spend.currency = dated_rates.from_currency and spend.spent_on = dated_rates.used_on
)

select * from rated
