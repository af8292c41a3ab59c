-- title: Satisfaction coverage and class shares
-- audience: marketing
-- answers: Of how many customers is satisfaction known, and how sure are the shares of the classes?
-- reads: loyalty_segments
-- Intervals: Wilson (1927), 95 %. Of customers who bought, may be profiled and are not our own.
with customers as (
    select
        satisfaction_loyalty_class,
        behavioural_segment,
        satisfaction_score is not null as has_answered
    from loyalty_segments
    where satisfaction_loyalty_class not in ('internal', 'prospect', 'objected')
),

classes as (
    select unnest(
        ['loyalist', 'mercenary', 'hostage', 'defector', 'too_new', 'critic_new']
    ) as satisfaction_loyalty_class
),

-- Who answers differs from who does not: each answer stands for its behavioural segment.
segments as (
    select
        behavioural_segment,
        count(*) / nullif(count(*) filter (where has_answered), 0) as weight
    from customers
    group by behavioural_segment
),

answers as (
    select
        customers.satisfaction_loyalty_class,
        segments.weight
    from customers
    inner join segments on customers.behavioural_segment = segments.behavioural_segment
    where customers.has_answered
),

-- Unequal weights carry less than their number: Kish (1965), Survey Sampling.
totals as (
    select
        count(*) as answers,
        sum(weight) as weights,
        pow(sum(weight), 2) / nullif(sum(pow(weight, 2)), 0) as effective_answers
    from answers
),

counted as (
    select
        classes.satisfaction_loyalty_class,
        count(answers.weight) as answers,
        coalesce(sum(answers.weight), 0) as weights
    from classes
    left join answers
        on classes.satisfaction_loyalty_class = answers.satisfaction_loyalty_class
    group by classes.satisfaction_loyalty_class
),

measured as (
    select
        1 as sort_order,
        'coverage' as measure,
        'all' as satisfaction_loyalty_class,
        count(*) filter (where has_answered) as customer_count,
        count(*) as n,
        count(*) filter (where has_answered) / nullif(count(*), 0) as share
    from customers
    union all
    select
        2 as sort_order,
        'share_of_answers' as measure,
        counted.satisfaction_loyalty_class,
        counted.answers as customer_count,
        totals.answers as n,
        counted.answers / nullif(totals.answers, 0) as share
    from counted
    cross join totals
    union all
    select
        3 as sort_order,
        'response_weighted_share' as measure,
        counted.satisfaction_loyalty_class,
        counted.answers as customer_count,
        totals.effective_answers as n,
        counted.weights / nullif(totals.weights, 0) as share
    from counted
    cross join totals
),

intervals as (
    select
        *,
        (share + pow(1.96, 2) / (2 * nullif(n, 0))) / (1 + pow(1.96, 2) / nullif(n, 0)) as middle,
        1.96 * sqrt(
            greatest(share * (1 - share), 0) / nullif(n, 0)
            + pow(1.96, 2) / (4 * pow(nullif(n, 0), 2))
        ) / (1 + pow(1.96, 2) / nullif(n, 0)) as half_width
    from measured
)

select
    measure,
    satisfaction_loyalty_class,
    customer_count,
    cast(n as decimal(18, 1)) as effective_n,
    cast(share as decimal(9, 4)) as share,
    cast(greatest(middle - half_width, 0) as decimal(9, 4)) as share_low,
    cast(least(middle + half_width, 1) as decimal(9, 4)) as share_high
from intervals
order by
    sort_order asc nulls last,
    share desc nulls last,
    satisfaction_loyalty_class asc nulls last
