-- What the value models are fitted on. One row per business unit and customer.
select
    business_unit,
    segment,
    repeat_orders,
    recency_days,
    age_days,
    spend_occasions,
    mean_spend::double as mean_spend,
    first_ordered_on,
    history_starts_on,
    recent_repeat_orders,
    first_spend::double as first_spend
from intermediate.int_clv_summaries
-- The fit adds doubles up: in one order, whatever order the engine wrote them in.
order by business_unit asc nulls last, customer_key asc nulls last
