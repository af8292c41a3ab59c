with targets as (
    select
        activity_status,
        suppression_reason,
        case when is_eligible then coalesce(arm, 'not_in_experiment') end as arm
    from {{ ref('winback_targets') }}
),

rules as (
    select *
    from {{ ref('classification_rules') }}
    where rule_set = 'winback' and class_code <> 'eligible'
),

arms as (
    select *
    from {{ ref('class_labels') }}
    where domain = 'arm'
),

erasures as (
    select count(*) as requests
    from {{ ref('int_erasures_latest') }}
    where requested_on <= {{ as_of_date() }}
),

-- Every line that there can be, those without a customer too.
lines as (
    select
        arms.code as line,
        'eligible' as outcome,
        cast(null as string) as suppression_reason,
        arms.code as arm,
        arms.sort_order as line_no
    from arms
    union all
    select
        rules.class_code as line,
        'suppressed' as outcome,
        rules.class_code as suppression_reason,
        cast(null as string) as arm,
        100 + rules.priority as line_no
    from rules
),

counted as (
    select
        lines.line,
        lines.outcome,
        lines.suppression_reason,
        lines.arm,
        lines.line_no,
        count(targets.activity_status) as customer_count,
        count(case when targets.activity_status = 'lapsed' then 1 end) as lapsed_count,
        count(case when targets.activity_status = 'lost' then 1 end) as lost_count
    from lines
    left join targets on lines.line = coalesce(targets.suppression_reason, targets.arm)
    group by
        lines.line, lines.outcome, lines.suppression_reason, lines.arm, lines.line_no
),

-- The erased have no key and no status left: a number beside the sums.
stacked as (
    select * from counted
    union all
    select
        'erased' as line,
        'erased' as outcome,
        cast(null as string) as suppression_reason,
        cast(null as string) as arm,
        9999 as line_no,
        erasures.requests as customer_count,
        cast(null as bigint) as lapsed_count,
        cast(null as bigint) as lost_count
    from erasures
),

winback_suppressions as (
    select
        line,
        outcome,
        suppression_reason,
        arm,
        cast(line_no as bigint) as line_no,
        cast(customer_count as bigint) as customer_count,
        cast(lapsed_count as bigint) as lapsed_count,
        cast(lost_count as bigint) as lost_count,
        {{ as_of_date() }} as as_of_date
    from stacked
)

select * from winback_suppressions
