with customers as (
    select * from {{ ref('customers') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

lifecycle as (
    select * from {{ ref('lifecycle_stages') }}
),

loyalty as (
    select * from {{ ref('loyalty_segments') }}
),

scores as (
    select * from {{ ref('loyalty_scores') }}
),

rfm as (
    select * from {{ ref('customer_rfm') }}
    where business_unit = 'all'
),

grades as (
    select * from {{ ref('customer_grades') }}
),

services as (
    select * from {{ ref('int_customer_services_counted') }}
),

lifetime_values as (
    select * from {{ ref('customer_lifetime_value') }}
),

winback as (
    select * from {{ ref('winback_targets') }}
),

rules as (
    select * from {{ ref('classification_rules') }}
),

-- One row per customer on every side, so no join can add or lose one.
customer_360 as (
    select
        customers.customer_key,
        {{ as_of_date() }} as as_of_date,
        not permissions.is_not_profiled as is_profiled,
        customers.customer_type,
        customers.nature,
        customers.country,
        customers.is_internal,
        customers.created_on,
        customers.account_closed_on,
        customers.has_contact,
        customers.has_email,
        customers.has_phone,
        customers.email_bounced_on,
        customers.primary_business_unit,
        customers.business_unit_count,
        customers.time_class,
        customers.transaction_status,
        customers.first_ordered_on,
        customers.last_ordered_on,
        customers.is_left_censored,
        customers.order_count,
        customers.purchase_days,
        customers.net_revenue,
        case when not permissions.is_not_profiled then services.service_breadth end
            as service_breadth,
        case when not permissions.is_not_profiled then services.new_service_adopted end
            as new_service_adopted,
        lifecycle.stage_no,
        lifecycle.stage,
        lifecycle.entered_on as stage_entered_on,
        lifecycle.previous_stage,
        lifecycle.stage_max,
        lifecycle.activity_status,
        lifecycle.previous_activity_status,
        lifecycle.activity_changed_on,
        lifecycle.gap_days,
        lifecycle.recency_ratio,
        lifecycle.next_expected_order_on,
        loyalty.behavioural_segment,
        loyalty.previous_behavioural_segment,
        loyalty.behavioural_segment_changed_on,
        loyalty.satisfaction_loyalty_class,
        loyalty.previous_satisfaction_loyalty_class,
        loyalty.satisfaction_loyalty_class_changed_on,
        loyalty.dick_basu_class,
        loyalty.previous_dick_basu_class,
        loyalty.dick_basu_class_changed_on,
        loyalty.satisfaction_score,
        loyalty.satisfaction_basis,
        loyalty.satisfaction_responded_on,
        scores.behavioural_score,
        scores.affective_score,
        scores.conative_score,
        scores.total_score,
        scores.components_available,
        rfm.rfm_group,
        rfm.previous_rfm_group,
        rfm.rfm_group_changed_on,
        rfm.shopify_group,
        rfm.klaviyo_group,
        rfm.r_score,
        rfm.f_score,
        rfm.m_score,
        grades.management_class,
        grades.previous_management_class,
        grades.management_class_changed_on,
        grades.public_tier,
        rules.class_code as forecast_status,
        lifetime_values.sufficiency,
        lifetime_values.p_order_12m,
        lifetime_values.expected_orders_12m,
        lifetime_values.clv_12m_revenue_discounted,
        lifetime_values.clv_12m_margin_discounted,
        lifetime_values.clv_36m_margin_discounted,
        winback.lapsed_on,
        winback.loss_reason,
        winback.is_eligible as is_winback_eligible
    from customers
    inner join permissions on customers.customer_key = permissions.customer_key
    inner join lifecycle on customers.customer_key = lifecycle.customer_key
    inner join loyalty on customers.customer_key = loyalty.customer_key
    inner join scores on customers.customer_key = scores.customer_key
    inner join rfm on customers.customer_key = rfm.customer_key
    inner join grades on customers.customer_key = grades.customer_key
    left join services on customers.customer_key = services.customer_key
    inner join lifetime_values on customers.customer_key = lifetime_values.customer_key
    inner join rules on lifetime_values.rule_id = rules.rule_id
    left join winback on customers.customer_key = winback.customer_key
)

select * from customer_360
