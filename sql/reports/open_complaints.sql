-- title: Open complaints, the largest customers first
-- audience: service
-- answers: Which complaints are open, for how long, and how much has the customer bought?
-- reads: cases, customers, lifecycle_stages
with open_complaints as (
    select
        cases.source_system,
        cases.case_id,
        cases.customer_key,
        cases.reason_code,
        cases.is_escalated,
        cases.opened_on,
        date_diff('day', cases.opened_on, lifecycle_stages.as_of_date) as days_open,
        lifecycle_stages.activity_status,
        customers.net_revenue
    from cases
    inner join customers on cases.customer_key = customers.customer_key
    inner join lifecycle_stages on cases.customer_key = lifecycle_stages.customer_key
    where cases.type = 'complaint' and cases.is_open
)

select *
from open_complaints
order by net_revenue desc nulls last, source_system asc nulls last, case_id asc nulls last
limit 100
