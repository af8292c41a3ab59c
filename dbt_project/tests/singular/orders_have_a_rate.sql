-- NO_RATE: money in a foreign currency that nothing says the worth of. The order would be counted
-- as nothing, or at a rate of 1 as something else; so it holds the publication, with this list.
-- What to do: deliver the missing rates in fx_rates, or state fx_rate on the record.
select
    'order' as record_type,
    source_system,
    order_id,
    order_id as record_id,
    currency,
    ordered_on as needed_on
from {{ ref('orders') }}
where is_counted and exchange_rate is null

union all

select
    'refund' as record_type,
    source_system,
    order_id,
    refund_id as record_id,
    currency,
    refunded_on as needed_on
from {{ ref('refunds') }}
where is_counted and exchange_rate is null
