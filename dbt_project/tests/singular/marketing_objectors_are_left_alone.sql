-- Who objects to profiling, read from the consents themselves, and who is a minor is in no class,
-- has no score, no expected purchase, no lapse, no chances and no value, and is on no list.
with objectors as (
    select customer_key
    from {{ ref('consents') }}
    where purpose = 'profiling' and not is_granted
    union distinct
    select customer_key
    from {{ ref('customers') }}
    where is_minor
)

select
    objectors.customer_key,
    'loyalty_segments' as found_in
from objectors
inner join {{ ref('loyalty_segments') }} as segments
    on objectors.customer_key = segments.customer_key
where
    segments.satisfaction_loyalty_class not in ('objected', 'prospect', 'internal')
    or segments.satisfaction_score is not null
    or segments.behavioural_score is not null
    or segments.discount_share is not null
    or segments.dick_basu_class not in ('not_profiled', 'internal')
    or segments.switching_barrier <> 'unknown'
union all
select
    objectors.customer_key,
    'loyalty_scores' as found_in
from objectors
inner join {{ ref('loyalty_scores') }} as scores
    on objectors.customer_key = scores.customer_key
where
    scores.score_basis <> 'withheld'
    or scores.total_score is not null
    or scores.behavioural_score is not null
    or scores.affective_score is not null
    or scores.conative_score is not null
union all
select
    objectors.customer_key,
    'lifecycle_stages' as found_in
from objectors
inner join {{ ref('lifecycle_stages') }} as stages
    on objectors.customer_key = stages.customer_key
where
    stages.recency_ratio is not null
    or stages.next_expected_order_on is not null
union all
select
    objectors.customer_key,
    'winback_targets' as found_in
from objectors
inner join {{ ref('winback_targets') }} as targets
    on objectors.customer_key = targets.customer_key
where
    targets.is_eligible
    or targets.eligible_channels is not null
    or targets.lapsed_on is not null
    or targets.days_lapsed is not null
    or targets.loss_reason is not null
    or targets.p_treat is not null
    or targets.p_control is not null
    or targets.expected_margin_if_won_back is not null
    or targets.expected_regain_profit is not null
    or targets.offer_ceiling is not null
    or targets.experiment is not null
    or targets.arm is not null
    or targets.stratum is not null
union all
select
    objectors.customer_key,
    'customer_rfm' as found_in
from objectors
inner join {{ ref('customer_rfm') }} as rfm
    on objectors.customer_key = rfm.customer_key
where
    rfm.rfm_status not in ('not_profiled', 'prospect', 'internal')
    or rfm.r_score is not null
    or rfm.recency_days is not null
    or rfm.monetary is not null
union all
select
    objectors.customer_key,
    'customer_grades' as found_in
from objectors
inner join {{ ref('customer_grades') }} as grades
    on objectors.customer_key = grades.customer_key
where
    grades.management_class not in ('not_profiled', 'none', 'internal')
    or grades.internal_grade not in ('not_profiled', 'none')
    or grades.public_tier not in ('not_profiled', 'none')
    or grades.cycle_days is not null
    or grades.growth_amount is not null
union all
select
    objectors.customer_key,
    'profit_loyalty_matrix' as found_in
from objectors
inner join {{ ref('profit_loyalty_matrix') }} as matrix
    on objectors.customer_key = matrix.customer_key
where
    matrix.profit_loyalty_class not in ('not_profiled', 'none', 'internal')
    or matrix.profit is not null
    or matrix.behavioural_score is not null
union all
select
    objectors.customer_key,
    'customers' as found_in
from objectors
inner join {{ ref('customers') }} as customers
    on objectors.customer_key = customers.customer_key
where customers.pareto_class is not null
union all
select
    objectors.customer_key,
    'class_history' as found_in
from objectors
inner join {{ ref('class_history') }} as history
    on objectors.customer_key = history.customer_key
where
    history.previous_code is not null
    or (
        history.is_current
        and history.domain in ('satisfaction_loyalty_class', 'management_class', 'rfm_group')
        and history.code not in ('objected', 'not_profiled', 'prospect', 'none', 'internal')
    )
union all
select
    objectors.customer_key,
    'export_segments' as found_in
from objectors
inner join {{ ref('export_segments') }} as listed
    on objectors.customer_key = listed.customer_key
