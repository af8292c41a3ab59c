-- title: The six stages
-- audience: marketing
-- answers: How many customers stand on each stage, and how many of them still buy?
-- reads: lifecycle_stages
select
    stage_no,
    stage,
    count(*) as customer_count,
    count(*) filter (where activity_status in ('active', 'reactivated')) as buying_count,
    count(*) filter (where activity_status = 'at_risk') as at_risk_count,
    count(*) filter (where activity_status in ('lapsed', 'lost')) as gone_count
from lifecycle_stages
group by stage_no, stage
order by stage_no asc nulls last, stage asc nulls last
