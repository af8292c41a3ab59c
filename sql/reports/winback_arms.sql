-- title: Who is in which arm
-- audience: marketing
-- answers: How many of each experiment and stratum are contacted and held back, and since when?
-- reads: winback_targets
select
    experiment,
    stratum,
    count(*) filter (where arm = 'treatment') as treatment_count,
    count(*) filter (where arm = 'holdout') as holdout_count,
    count(*) filter (where is_eligible) as eligible_today,
    count(*) filter (where is_arm_conflict) as arm_conflicts,
    min(first_eligible_on) as first_eligible_from,
    max(first_eligible_on) as first_eligible_to
from winback_targets
where experiment is not null
group by experiment, stratum
order by experiment asc nulls last, stratum asc nulls last
