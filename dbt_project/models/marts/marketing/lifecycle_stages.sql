with customers as (
    select * from {{ ref('customers') }}
),

ruled as (
    select * from {{ ref('int_customer_lifecycle_rules') }}
),

activity as (
    select * from {{ ref('int_customer_activity') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

entered as (
    select * from {{ ref('int_customer_stages_entered') }}
),

activity_changes as (
    select * from {{ ref('int_class_changes') }}
    where domain = 'activity_status'
),

rules as (
    select
        rules.rule_id,
        rules.class_code as stage,
        labels.sort_order as stage_no
    from {{ ref('classification_rules') }} as rules
    inner join {{ ref('class_labels') }} as labels
        on rules.class_code = labels.code and labels.domain = 'stage'
    where rules.rule_set = 'lifecycle'
),

settings as (
    select * from {{ ref('int_marketing_settings_hashed') }}
),

-- What is expected of somebody is withheld from those who are not profiled; what they did is not.
staged as (
    select
        customers.customer_key,
        rules.stage_no,
        rules.stage,
        activity.activity_status,
        entered.entered_on,
        entered.entered_on_basis,
        entered.previous_stage,
        entered.stage_max,
        entered.stage_max_voided,
        entered.next_stage_on,
        activity_changes.previous_code as previous_activity_status,
        activity_changes.changed_on as activity_changed_on,
        customers.purchase_days,
        customers.first_ordered_on,
        customers.last_ordered_on,
        case when not permissions.is_not_profiled then activity.gap_days end as gap_days,
        case when not permissions.is_not_profiled then activity.gap_before_days end
            as gap_before_days,
        case when not permissions.is_not_profiled then activity.recency_ratio end as recency_ratio,
        case when not permissions.is_not_profiled then activity.next_expected_order_on end
            as next_expected_order_on,
        ruled.rule_id,
        ruled.first_age_days,
        ruled.is_qualified_lead,
        ruled.has_open_opportunity,
        ruled.has_responded
    from customers
    inner join ruled on customers.customer_key = ruled.customer_key
    inner join activity on customers.customer_key = activity.customer_key
    inner join permissions on customers.customer_key = permissions.customer_key
    inner join entered on customers.customer_key = entered.customer_key
    inner join activity_changes on customers.customer_key = activity_changes.customer_key
    inner join rules on ruled.rule_id = rules.rule_id
),

lifecycle_stages as (
    select
        staged.customer_key,
        staged.stage_no,
        staged.stage,
        staged.entered_on,
        staged.entered_on_basis,
        staged.previous_stage,
        staged.stage_max,
        staged.stage_max_voided,
        staged.next_stage_on,
        staged.activity_status,
        staged.previous_activity_status,
        staged.activity_changed_on,
        staged.purchase_days,
        staged.first_ordered_on,
        staged.last_ordered_on,
        staged.gap_days,
        staged.recency_ratio,
        staged.next_expected_order_on,
        staged.rule_id,
        {{ reason_json([
            ['purchase_days', 'staged.purchase_days', 'integer'],
            ['first_age_days', 'staged.first_age_days', 'integer'],
            ['qualified_lead', 'staged.is_qualified_lead', 'boolean'],
            ['open_opportunity', 'staged.has_open_opportunity', 'boolean'],
            ['responded', 'staged.has_responded', 'boolean'],
            ['gap_before', 'staged.gap_before_days', 'decimal'],
            ['gap_after', 'staged.gap_days', 'decimal'],
            ['recency_ratio', 'staged.recency_ratio', 'decimal'],
        ]) }} as reason,
        {{ rule_version() }} as rule_version,
        settings.params_hash,
        {{ as_of_date() }} as as_of_date
    from staged
    cross join settings
)

select * from lifecycle_stages
