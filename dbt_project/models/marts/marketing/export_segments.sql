with audiences as (
    select * from {{ ref('int_segment_audiences') }}
),

stages as (
    select * from {{ ref('lifecycle_stages') }}
),

segments as (
    select * from {{ ref('loyalty_segments') }}
),

neutral as (
    select * from {{ ref('satisfaction_segments') }}
),

crm_records as (
    select * from {{ ref('int_customer_crm_records') }}
),

export_segments as (
    select
        audiences.customer_key,
        crm_records.crm_system,
        crm_records.contact_id,
        crm_records.account_id,
        audiences.channels,
        stages.stage_no,
        stages.activity_status,
        neutral.satisfaction_segment,
        segments.behavioural_segment,
        stages.as_of_date,
        {{ date_plus('stages.as_of_date', parameter('consent_feed_max_age_days')) }} as use_until_on
    from audiences
    inner join stages on audiences.customer_key = stages.customer_key
    inner join segments on audiences.customer_key = segments.customer_key
    left join neutral
        on segments.satisfaction_loyalty_class = neutral.satisfaction_loyalty_class
    left join crm_records on audiences.customer_key = crm_records.customer_key
)

select * from export_segments
