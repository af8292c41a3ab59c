with listed as (
    select *
    from {{ ref('winback_targets') }}
    where is_eligible and arm = 'treatment'
),

crm_records as (
    select * from {{ ref('int_customer_crm_records') }}
),

planned as (
    select * from {{ ref('winback_experiments_planned') }}
),

-- One channel for each: of those that may be used the one preferred.
addressed as (
    select
        listed.customer_key,
        min_by(channels.channel, channels.preference) as channel
    from listed
    inner join {{ ref('contact_channels') }} as channels
        on (';' || listed.eligible_channels || ';') like ('%;' || channels.channel || ';%')
    group by listed.customer_key
),

export_winback as (
    select
        listed.customer_key,
        crm_records.crm_system,
        crm_records.contact_id,
        crm_records.account_id,
        listed.experiment,
        listed.arm,
        addressed.channel,
        planned.offer_code,
        listed.as_of_date,
        {{ date_plus('listed.as_of_date', parameter('consent_feed_max_age_days')) }} as use_until_on
    from listed
    inner join addressed on listed.customer_key = addressed.customer_key
    left join crm_records on listed.customer_key = crm_records.customer_key
    left join planned on listed.experiment = planned.experiment
)

select * from export_winback
