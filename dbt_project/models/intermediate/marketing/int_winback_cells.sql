with loss_reasons as (
    select * from {{ ref('int_winback_loss_reasons') }}
),

activity as (
    select * from {{ ref('int_customer_activity') }}
),

purchases as (
    select
        customer_key,
        max(ordered_on) as last_purchase_on,
        count(*) as purchase_days
    from {{ ref('int_customer_purchase_days') }}
    group by customer_key
),

banded as (
    select
        loss_reasons.customer_key,
        activity.activity_status,
        {{ winback_recency_band(days_between('purchases.last_purchase_on', as_of_date())) }}
            as recency_band,
        {{ winback_frequency_band('purchases.purchase_days') }} as frequency_band,
        loss_reasons.loss_reason
    from loss_reasons
    inner join activity on loss_reasons.customer_key = activity.customer_key
    left join purchases on loss_reasons.customer_key = purchases.customer_key
),

cells as (
    select
        *,
        {{ winback_stratum('recency_band', 'frequency_band') }} as stratum
    from banded
)

select * from cells
