with cases as (
    select * from {{ ref('int_cases_latest') }}
),

dated_rates as (
    select * from {{ ref('int_exchange_rates_dated') }}
),

-- A case states no rate of its own; that of the day it was opened holds.
rated as (
    select
        cases.source_system,
        cases.case_id,
        cases.order_id,
        cases.currency,
        cases.opened_on,
        cases.compensation,
        {{ rate_of('cases.currency', {}, 'dated_rates.rate') }} as exchange_rate
    from cases
    left join dated_rates
        on cases.currency = dated_rates.from_currency and cases.opened_on = dated_rates.used_on
)

select * from rated
