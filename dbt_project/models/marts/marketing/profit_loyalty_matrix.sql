with ruled as (
    select * from {{ ref('int_profit_loyalty_rules') }}
),

rules as (
    select * from {{ ref('classification_rules') }}
    where rule_set = 'profit_loyalty'
),

changes as (
    select * from {{ ref('int_class_changes') }}
    where domain = 'profit_loyalty_class'
),

settings as (
    select * from {{ ref('int_marketing_settings_hashed') }}
),

-- What somebody costs and leaves is not told of who is not profiled, nor where they would stand.
shown as (
    select
        customer_key,
        score_group,
        rule_id,
        case when not is_not_profiled then profit end as profit,
        case when not is_not_profiled then margin end as margin,
        case when not is_not_profiled then margin_basis else 'none' end as margin_basis,
        case when not is_not_profiled then cost_to_serve end as cost_to_serve,
        case when not is_not_profiled then case_count end as case_count,
        case when not is_not_profiled then contact_count end as contact_count,
        case when not is_not_profiled then profit_threshold end as profit_threshold,
        case when not is_not_profiled then is_profit_high end as is_profit_high,
        behavioural_score,
        case when not is_not_profiled then is_loyalty_high end as is_loyalty_high
    from ruled
),

profit_loyalty_matrix as (
    select
        shown.customer_key,
        shown.score_group,
        rules.class_code as profit_loyalty_class,
        changes.previous_code as previous_profit_loyalty_class,
        changes.changed_on as profit_loyalty_class_changed_on,
        shown.profit,
        shown.margin,
        shown.margin_basis,
        shown.cost_to_serve,
        shown.case_count,
        shown.contact_count,
        shown.profit_threshold,
        shown.is_profit_high,
        shown.behavioural_score,
        shown.is_loyalty_high,
        shown.rule_id,
        {{ reason_json([
            ['profit', 'shown.profit', 'decimal'],
            ['profit_threshold', 'shown.profit_threshold', 'decimal'],
            ['margin_basis', 'shown.margin_basis'],
            ['cost_to_serve', 'shown.cost_to_serve', 'decimal'],
            ['behavioural_score', 'shown.behavioural_score', 'decimal'],
            ['loyalty_high', 'shown.is_loyalty_high', 'boolean'],
        ]) }} as reason,
        {{ rule_version() }} as rule_version,
        settings.params_hash,
        {{ as_of_date() }} as as_of_date
    from shown
    inner join rules on shown.rule_id = rules.rule_id
    left join changes on shown.customer_key = changes.customer_key
    cross join settings
)

select * from profit_loyalty_matrix
