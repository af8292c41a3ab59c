with opportunities as (
    select * from {{ ref('int_opportunities_latest') }}
),

dated_rates as (
    select * from {{ ref('int_exchange_rates_dated') }}
),

-- At the rate of the day it closed; while it is open, of the day it was recorded.
rated as (
    select
        opportunities.source_system,
        opportunities.opportunity_id,
        {{ rate_of('opportunities.currency', {}, 'dated_rates.rate') }} as exchange_rate
    from opportunities
    left join dated_rates
        on
            opportunities.currency = dated_rates.from_currency
            and coalesce(opportunities.closed_on, opportunities.created_on) = dated_rates.used_on
)

select * from rated
