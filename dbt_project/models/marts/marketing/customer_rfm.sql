with grouped as (
    select * from {{ ref('int_customer_rfm_grouped') }}
),

changes as (
    select * from {{ ref('int_class_changes') }}
    where domain = 'rfm_group'
),

settings as (
    select * from {{ ref('int_marketing_settings_hashed') }}
),

customer_rfm as (
    select
        grouped.customer_key,
        grouped.business_unit,
        grouped.score_group,
        grouped.rfm_status,
        grouped.native_group as rfm_group,
        changes.previous_code as previous_rfm_group,
        changes.changed_on as rfm_group_changed_on,
        grouped.shopify_group,
        grouped.klaviyo_group,
        grouped.r_score,
        grouped.f_score,
        grouped.m_score,
        grouped.fm_score,
        grouped.last_ordered_on,
        grouped.recency_days,
        grouped.frequency_days,
        grouped.monetary,
        grouped.recency_peers as peer_count,
        grouped.rule_id,
        {{ reason_json([
            ['score_group', 'grouped.score_group'],
            ['peers', 'grouped.recency_peers', 'integer'],
            ['recency_days', 'grouped.recency_days', 'integer'],
            ['frequency_days', 'grouped.frequency_days', 'integer'],
            ['monetary', 'grouped.monetary', 'decimal'],
            ['r_score', 'grouped.r_score', 'integer'],
            ['f_score', 'grouped.f_score', 'integer'],
            ['m_score', 'grouped.m_score', 'integer'],
        ]) }} as reason,
        {{ rule_version() }} as rule_version,
        settings.params_hash,
        {{ as_of_date() }} as as_of_date
    from grouped
    left join changes
        on
            grouped.customer_key = changes.customer_key
            and grouped.business_unit = 'all'
    cross join settings
)

select * from customer_rfm
