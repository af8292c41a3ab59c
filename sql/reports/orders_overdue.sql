-- title: Customers whose next order is overdue
-- audience: marketing
-- answers: Who usually would have bought again by now but has not yet lapsed, the best first?
-- reads: lifecycle_stages, customers
with overdue as (
    select
        lifecycle_stages.customer_key,
        customers.primary_business_unit,
        lifecycle_stages.stage,
        lifecycle_stages.last_ordered_on,
        lifecycle_stages.next_expected_order_on,
        date_diff(
            'day', lifecycle_stages.next_expected_order_on, lifecycle_stages.as_of_date
        ) as days_overdue,
        customers.purchase_days,
        customers.net_revenue
    from lifecycle_stages
    inner join customers on lifecycle_stages.customer_key = customers.customer_key
    where
        lifecycle_stages.activity_status in ('active', 'at_risk', 'reactivated')
        and lifecycle_stages.next_expected_order_on < lifecycle_stages.as_of_date
        and not customers.is_internal
        and not customers.is_minor
        and not customers.is_deceased
)

select *
from overdue
order by net_revenue desc nulls last, customer_key asc nulls last
limit 100
