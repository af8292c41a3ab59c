-- The decimals that amounts are rounded to are those that ISO 4217 gives the reporting currency.
-- Fails when the currency is unknown, too. What to do: set LOYALTY_REPORTING_CURRENCY and leave
-- minor_unit_digits to etl.
with wanted as (
    select
        '{{ var("reporting_currency") }}' as currency,
        {{ reporting_digits() }} as minor_unit_digits
)

select
    wanted.currency,
    wanted.minor_unit_digits,
    currencies.minor_unit_digits as digits_of_iso_4217
from wanted
left join {{ ref('currencies') }} as currencies on wanted.currency = currencies.currency
where wanted.minor_unit_digits is distinct from currencies.minor_unit_digits
