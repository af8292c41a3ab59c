with rates as (
    select * from {{ ref('int_fx_rates_latest') }}
),

orders as (
    select * from {{ ref('int_orders_latest') }}
),

payments as (
    select * from {{ ref('int_payments_latest') }}
),

refunds as (
    select * from {{ ref('int_refunds_latest') }}
),

cases as (
    select * from {{ ref('int_cases_latest') }}
),

opportunities as (
    select * from {{ ref('int_opportunities_latest') }}
),

marketing_spend as (
    select * from {{ ref('int_marketing_spend_latest') }}
),

campaigns as (
    select * from {{ ref('int_campaigns_latest') }}
),

category_spend as (
    select * from {{ ref('int_category_spend_latest') }}
),

days_with_money as (
    select ordered_on as used_on from orders
    union
    select processed_on as used_on from payments
    union
    select refunded_on as used_on from refunds
    union
    select opened_on as used_on from cases
    union
    select coalesce(closed_on, created_on) as used_on from opportunities
    union
    select spent_on as used_on from marketing_spend
    union
    select coalesce(starts_on, first_known_on) as used_on from campaigns
    union
    select least(make_date(cast(year as integer), 12, 31), first_known_on) as used_on
    from category_spend
),

dated as (
    select
        rates.from_currency,
        days_with_money.used_on,
        rates.rate_on,
        rates.rate
    from days_with_money
    inner join rates
        on
            rates.to_currency = '{{ var("reporting_currency") }}'
            and rates.rate_on <= days_with_money.used_on
            and days_with_money.used_on
            <= {{ date_plus('rates.rate_on', parameter('fx_rate_max_age_days')) }}
    -- Rates belong to no source system. Where two state one rate, the one known later wins, then
    -- the name; sequences of different systems cannot be compared.
    qualify
        row_number() over (
            partition by rates.from_currency, days_with_money.used_on
            order by
                rates.rate_on desc nulls last,
                rates.known_on desc nulls last,
                rates.source_system asc nulls last
        ) = 1
)

select * from dated
