-- Lapsed and lost = eligible + all suppressed, and eligible = treatment + holdout + in no
-- experiment; status by status, read from the stages and from the list itself.
with universe as (
    select
        count(case when activity_status = 'lapsed' then 1 end) as lapsed,
        count(case when activity_status = 'lost' then 1 end) as lost
    from {{ ref('lifecycle_stages') }}
),

listed as (
    select
        count(case when is_eligible and activity_status = 'lapsed' then 1 end) as eligible_lapsed,
        count(case when is_eligible and activity_status = 'lost' then 1 end) as eligible_lost
    from {{ ref('winback_targets') }}
),

counted as (
    select
        coalesce(sum(lapsed_count), 0) as lapsed,
        coalesce(sum(lost_count), 0) as lost,
        coalesce(sum(case when outcome = 'eligible' then lapsed_count end), 0) as eligible_lapsed,
        coalesce(sum(case when outcome = 'eligible' then lost_count end), 0) as eligible_lost
    from {{ ref('winback_suppressions') }}
    where outcome <> 'erased'
)

select
    universe.lapsed,
    universe.lost,
    listed.eligible_lapsed,
    listed.eligible_lost,
    counted.lapsed as lapsed_counted,
    counted.lost as lost_counted,
    counted.eligible_lapsed as eligible_lapsed_counted,
    counted.eligible_lost as eligible_lost_counted
from universe
cross join listed
cross join counted
where
    universe.lapsed <> counted.lapsed
    or universe.lost <> counted.lost
    or listed.eligible_lapsed <> counted.eligible_lapsed
    or listed.eligible_lost <> counted.eligible_lost
