with loss_reasons as (
    select * from {{ ref('int_winback_loss_reasons') }}
),

customers as (
    select * from {{ ref('customers') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

open_items as (
    select * from {{ ref('int_customer_open_items') }}
),

winback_values as (
    select * from {{ ref('int_winback_values') }}
),

-- One yes or no for each reason that keeps a customer off the list.
facts as (
    select
        loss_reasons.customer_key,
        loss_reasons.loss_reason,
        permissions.eligible_channels,
        permissions.is_profiling_objected as is_objected_profiling,
        permissions.is_marketing_objected as is_objected_marketing,
        coalesce(customers.is_deceased, false) as is_deceased,
        coalesce(customers.is_internal, false) as is_internal,
        coalesce(customers.has_fraud, false)
        or coalesce(customers.has_bad_debt, false) as is_fraud_or_bad_debt,
        coalesce(customers.is_minor, false) as is_minor,
        loss_reasons.loss_reason = 'intentionally_pushed' as is_intentionally_pushed,
        permissions.is_consent_stale as is_consent_feed_stale,
        permissions.eligible_channels is null as is_no_reachable_channel,
        open_items.open_complaints + open_items.open_escalations > 0 as is_open_complaint,
        open_items.open_orders > 0 as is_open_order,
        open_items.open_opportunities > 0 as is_open_opportunity,
        winback_values.expected_regain_profit is null as is_value_unknown,
        coalesce(winback_values.expected_regain_profit <= 0, false) as is_not_profitable
    from loss_reasons
    inner join customers on loss_reasons.customer_key = customers.customer_key
    inner join permissions on loss_reasons.customer_key = permissions.customer_key
    inner join open_items on loss_reasons.customer_key = open_items.customer_key
    inner join winback_values on loss_reasons.customer_key = winback_values.customer_key
)

select * from facts
