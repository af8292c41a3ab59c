-- What the value models are fitted on. One row per business unit and customer.
select
    business_unit,
    repeat_orders,
    recency_days,
    age_days,
    spend_occasions,
    mean_spend::double as mean_spend,
    first_ordered_on,
    history_starts_on
from intermediate.int_clv_summaries
