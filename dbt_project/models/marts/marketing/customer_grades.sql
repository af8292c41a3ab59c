with ruled as (
    select * from {{ ref('int_customer_grade_rules') }}
),

rules as (
    select * from {{ ref('classification_rules') }}
    where rule_set = 'management'
),

changes as (
    select * from {{ ref('int_class_changes') }}
    where domain = 'management_class'
),

settings as (
    select * from {{ ref('int_marketing_settings_hashed') }}
),

-- The values of somebody who is not profiled stay out; the class says why.
customer_grades as (
    select
        ruled.customer_key,
        ruled.score_group,
        rules.class_code as management_class,
        changes.previous_code as previous_management_class,
        changes.changed_on as management_class_changed_on,
        ruled.internal_grade,
        ruled.grade_method,
        ruled.public_tier,
        case when not ruled.is_not_profiled then ruled.quarters_active end as quarters_active,
        case when not ruled.is_not_profiled then ruled.cycle_days end as cycle_days,
        case when not ruled.is_not_profiled then ruled.growth_amount end as growth_amount,
        ruled.rule_id,
        {{ reason_json([
            ['pareto_class', 'case when not ruled.is_not_profiled then ruled.pareto_class end'],
            ['quarters_active',
             'case when not ruled.is_not_profiled then ruled.quarters_active end', 'integer'],
            ['contract', 'ruled.has_contract', 'boolean'],
            ['strategic', 'ruled.is_strategic', 'boolean'],
            ['growth_top', 'ruled.is_growth_top', 'boolean'],
            ['days_since_last',
             'case when not ruled.is_not_profiled then ruled.days_since_last end', 'integer'],
            ['cycle_days',
             'case when not ruled.is_not_profiled then ruled.cycle_days end', 'decimal'],
            ['rfm_total', 'ruled.rfm_total', 'integer'],
        ]) }} as reason,
        {{ rule_version() }} as rule_version,
        settings.params_hash,
        {{ as_of_date() }} as as_of_date
    from ruled
    inner join rules on ruled.rule_id = rules.rule_id
    left join changes on ruled.customer_key = changes.customer_key
    cross join settings
)

select * from customer_grades
