{{ config(alias='classification_rules') }}

with rules as (
    select * from {{ ref('classification_rules') }}
),

classification_rules as (
    select
        rule_set,
        rule_id,
        priority,
        class_code,
        subclass_code,
        description_en,
        description_zh
    from rules
)

select * from classification_rules
