-- title: What the customers of a month have brought
-- audience: finance
-- answers: Of each month's new customers, how many still buy, and when had they paid off?
-- reads: clv_cohorts
select
    cohort_month,
    business_unit,
    max(cohort_size) as customer_count,
    max(retention_rate) filter (where months_since = 1) as retention_rate_month_1,
    max(retention_rate) filter (where months_since = 6) as retention_rate_month_6,
    max(retention_rate) filter (where months_since = 12) as retention_rate_month_12,
    max(cumulative_margin_per_customer) filter (where months_since = 6)
        as margin_per_customer_month_6,
    max(cumulative_margin_per_customer) filter (where months_since = 12)
        as margin_per_customer_month_12,
    max(cac) as cac,
    max(payback_month) as payback_month
from clv_cohorts
-- The other lines have no month in which their customers came.
where cohort = 'acquired'
group by cohort_month, business_unit
order by cohort_month asc nulls last, business_unit asc nulls last
