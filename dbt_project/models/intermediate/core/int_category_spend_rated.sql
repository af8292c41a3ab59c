with spend as (
    select
        *,
        least(make_date(cast(year as integer), 12, 31), first_known_on) as spent_on
    from {{ ref('int_category_spend_latest') }}
),

dated_rates as (
    select * from {{ ref('int_exchange_rates_dated') }}
),

-- The amount of a whole year, at the rate of its last day or of the day it became known.
rated as (
    select
        spend.source_system,
        spend.party_type,
        spend.party_id,
        spend.category,
        spend.year,
        spend.basis,
        spend.currency,
        spend.spent_on,
        spend.amount as stated_amount,
        {{ rate_of('spend.currency', {}, 'dated_rates.rate') }} as exchange_rate
    from spend
    left join dated_rates
        on spend.currency = dated_rates.from_currency and spend.spent_on = dated_rates.used_on
),

converted as (
    select
        *,
        {{ to_reporting('stated_amount', 'exchange_rate') }} as amount
    from rated
)

select * from converted
