-- Every rule that decided about a forecast stands in the seed, with its texts.
with rules as (
    select distinct rule_id
    from {{ ref('customer_lifetime_value') }}
    union
    select distinct rule_id
    from {{ ref('customer_lifetime_value_parts') }}
),

listed as (
    select *
    from {{ ref('classification_rules') }}
    where rule_set = 'lifetime_value'
)

select rules.rule_id
from rules
left join listed on rules.rule_id = listed.rule_id
where listed.rule_id is null
