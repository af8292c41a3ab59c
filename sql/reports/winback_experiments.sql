-- title: What the win-back experiments found
-- audience: marketing
-- answers: What did each win-back experiment find, how sure is it, and did it pay?
-- reads: winback_experiments
with treated as (
    select *
    from winback_experiments
    where stratum = 'all' and arm = 'treatment'
),

held_out as (
    select *
    from winback_experiments
    where stratum = 'all' and arm = 'holdout'
)

select
    treated.experiment,
    treated.verdict,
    treated.reads_on,
    treated.customer_count as treated_customers,
    held_out.customer_count as held_out_customers,
    treated.return_rate as treated_rate,
    held_out.return_rate as held_out_rate,
    treated.uplift,
    treated.uplift_low,
    treated.uplift_high,
    treated.minimum_detectable_effect,
    treated.incremental_margin,
    treated.incremental_margin_low,
    treated.incremental_margin_high,
    treated.cost,
    treated.roi
from treated
left join held_out on treated.experiment = held_out.experiment
order by treated.reads_on asc nulls last, treated.experiment asc nulls last
