-- Days for which two sources state different rates of one pair. The one known later is used, then
-- the first by name.
{{ config(severity='warn', meta={'owner': 'Warehouse maintainers'}) }}

select
    rate_on,
    from_currency,
    to_currency,
    min(rate) as lowest_rate,
    max(rate) as highest_rate
from {{ ref('int_fx_rates_latest') }}
group by rate_on, from_currency, to_currency
having min(rate) <> max(rate)
