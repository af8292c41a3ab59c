-- title: Cases by reason
-- audience: service
-- answers: What do customers write about, how long does it take, and what does it cost?
-- reads: cases
with timed_cases as (
    select
        type,
        coalesce(reason_code, 'not coded') as reason_code,
        is_open,
        is_escalated,
        date_diff('day', opened_on, solved_on) as days_to_solve
    from cases
)

select
    type,
    reason_code,
    count(*) as case_count,
    count(*) filter (where is_open) as open_count,
    count(*) filter (where is_escalated) as escalated_count,
    median(days_to_solve) as median_days_to_solve,
    max(days_to_solve) as longest_days_to_solve
from timed_cases
group by type, reason_code
order by case_count desc nulls last, type asc nulls last, reason_code asc nulls last
