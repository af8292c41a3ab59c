-- What closed experiments teach. One row per customer and spell.
select
    activity_status,
    recency_band,
    frequency_band,
    loss_reason,
    arm,
    has_returned
from intermediate.int_winback_outcomes
where is_lesson
