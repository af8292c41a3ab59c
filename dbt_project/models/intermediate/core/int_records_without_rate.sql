with unrated as (
    select * from {{ ref('int_records_unrated') }}
),

rates as (
    select * from {{ ref('int_fx_rates_latest') }}
),

-- Only named: 1 divided by the rate of the other direction is nobody's rate.
inverse_rates as (
    select distinct
        to_currency as currency,
        rate_on
    from rates
    where from_currency = '{{ var("reporting_currency") }}'
),

records_without_rate as (
    select
        unrated.record_type,
        unrated.source_system,
        unrated.order_id,
        unrated.record_id,
        unrated.currency,
        unrated.needed_on,
        count(inverse_rates.rate_on) > 0 as has_inverse_rate
    from unrated
    left join inverse_rates
        on
            unrated.currency = inverse_rates.currency
            and inverse_rates.rate_on <= unrated.needed_on
            and unrated.needed_on
            <= {{ date_plus('inverse_rates.rate_on', parameter('fx_rate_max_age_days')) }}
    group by
        unrated.record_type,
        unrated.source_system,
        unrated.order_id,
        unrated.record_id,
        unrated.currency,
        unrated.needed_on
)

select * from records_without_rate
