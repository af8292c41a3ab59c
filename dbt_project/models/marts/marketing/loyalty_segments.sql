with facts as (
    select * from {{ ref('int_customer_loyalty_facts') }}
),

ruled as (
    select * from {{ ref('int_customer_loyalty_rules') }}
),

attitudes as (
    select * from {{ ref('int_customer_dick_basu_rules') }}
),

segments as (
    select * from {{ ref('int_customer_behavioural_segments') }}
),

changes as (
    select * from {{ ref('int_customer_loyalty_changes') }}
),

rules as (
    select *
    from {{ ref('classification_rules') }}
    where rule_set = 'satisfaction_loyalty'
),

attitude_rules as (
    select *
    from {{ ref('classification_rules') }}
    where rule_set = 'dick_basu'
),

settings as (
    select * from {{ ref('int_marketing_settings_hashed') }}
),

-- The satisfaction and loyalty of those who are not profiled are already null in the facts.
loyalty_segments as (
    select
        facts.customer_key,
        rules.class_code as satisfaction_loyalty_class,
        rules.subclass_code as satisfaction_loyalty_subclass,
        facts.satisfaction_score,
        case
            when facts.is_not_profiled then 'withheld'
            else coalesce(facts.satisfaction_basis, 'none')
        end as satisfaction_basis,
        facts.satisfaction_responded_on,
        facts.satisfaction_score_lowest,
        facts.satisfaction_respondents,
        attitude_rules.class_code as dick_basu_class,
        attitudes.rule_id as dick_basu_rule_id,
        facts.switching_barrier,
        facts.behavioural_score,
        segments.behavioural_segment,
        facts.discount_share,
        facts.activity_status,
        facts.components_available,
        changes.previous_satisfaction_loyalty_class,
        changes.satisfaction_loyalty_class_changed_on,
        changes.previous_satisfaction_loyalty_subclass,
        changes.satisfaction_loyalty_subclass_changed_on,
        changes.previous_dick_basu_class,
        changes.dick_basu_class_changed_on,
        changes.previous_behavioural_segment,
        changes.behavioural_segment_changed_on,
        ruled.rule_id,
        {{ reason_json([
            ['satisfaction_score', 'facts.satisfaction_score', 'decimal'],
            ['satisfaction_is_high', 'facts.is_satisfaction_high', 'boolean'],
            ['behavioural_score', 'facts.behavioural_score', 'decimal'],
            ['affective_score', 'facts.affective_score', 'decimal'],
            ['activity_status', 'facts.activity_status'],
            ['tenure_days', 'facts.tenure_days', 'integer'],
            ['discount_share', 'facts.discount_share', 'decimal'],
            ['flags', 'facts.flags'],
        ]) }} as reason,
        {{ rule_version() }} as rule_version,
        settings.params_hash,
        {{ as_of_date() }} as as_of_date
    from facts
    inner join ruled on facts.customer_key = ruled.customer_key
    inner join attitudes on facts.customer_key = attitudes.customer_key
    inner join attitude_rules on attitudes.rule_id = attitude_rules.rule_id
    inner join segments on facts.customer_key = segments.customer_key
    inner join changes on facts.customer_key = changes.customer_key
    inner join rules on ruled.rule_id = rules.rule_id
    cross join settings
)

select * from loyalty_segments
