-- NO_RATE: money in a foreign currency that nothing says the worth of. It would be counted as
-- nothing, or at a rate of 1 as something else; so it holds the publication, with this list.
-- What to do: deliver the missing rates in fx_rates, or state fx_rate on the record.
select * from {{ ref('int_records_without_rate') }}
