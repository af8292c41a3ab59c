-- Lapsed and lost = eligible + all suppressed, status by status.
with universe as (
    select
        activity_status,
        count(*) as customers
    from {{ ref('loyalty_segments') }}
    where activity_status in ('lapsed', 'lost')
    group by activity_status
),

listed as (
    select
        activity_status,
        count(case when is_eligible then 1 end)
        + count(case when suppression_reason is not null then 1 end) as customers
    from {{ ref('winback_targets') }}
    group by activity_status
)

select
    universe.activity_status,
    universe.customers,
    listed.customers as customers_listed
from universe
full join listed on universe.activity_status = listed.activity_status
where universe.customers is distinct from listed.customers
