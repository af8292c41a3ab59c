{{ config(group='warehouse') }}

-- The lookup was discounted by the rate that the mart states beside the number.
select distinct discount_rate_annual
from {{ ref('stg_etl__clv_lookup') }}
where
    cast(discount_rate_annual as decimal(18, 6)) <> {{ parameter('clv_discount_rate_annual') }}
