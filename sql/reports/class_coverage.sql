-- title: Of how many customers each kind of class knows something
-- audience: marketing
-- answers: How many customers have a verdict of each kind, and how many are unknown, and why?
-- reads: class_history, class_labels
with classed as (
    select
        classes.domain,
        labels.undetermined_because
    from class_history as classes
    left join class_labels as labels
        on classes.domain = labels.domain and classes.code = labels.code
    where classes.is_current
)

select
    domain,
    count(*) as customers,
    count(*) filter (where undetermined_because is null) as with_verdict,
    count(*) filter (where undetermined_because = 'unknown') as unknown,
    count(*) filter (where undetermined_because = 'insufficient') as insufficient,
    count(*) filter (where undetermined_because = 'not_profiled') as not_profiled,
    count(*) filter (where undetermined_because = 'not_applicable') as not_applicable
from classed
group by domain
order by domain asc nulls last
