with stored as (
    select *
    from {{ ref('int_winback_assignments_repointed') }}
    where assigned_on < {{ as_of_date() }}
),

planned as (
    select * from {{ ref('winback_experiments_planned') }}
),

campaign_arms as (
    select * from {{ ref('int_winback_campaign_arms') }}
),

-- What a campaign's customers had bought before it began.
purchases as (
    select
        campaign_arms.experiment,
        campaign_arms.customer_key,
        max(purchase_days.ordered_on) as last_purchase_on,
        count(*) as purchase_days
    from campaign_arms
    inner join {{ ref('int_customer_purchase_days') }} as purchase_days
        on
            campaign_arms.customer_key = purchase_days.customer_key
            and purchase_days.ordered_on < campaign_arms.assigned_on
    group by campaign_arms.experiment, campaign_arms.customer_key
),

banded as (
    select
        campaign_arms.*,
        {{ winback_recency_band(
            days_between('purchases.last_purchase_on', 'campaign_arms.assigned_on')
        ) }} as recency_band,
        {{ winback_frequency_band('purchases.purchase_days') }} as frequency_band
    from campaign_arms
    left join purchases
        on
            campaign_arms.experiment = purchases.experiment
            and campaign_arms.customer_key = purchases.customer_key
),

stacked as (
    select
        stored.customer_key,
        stored.experiment,
        'warehouse' as arm_source,
        stored.arm,
        stored.stratum,
        stored.assigned_on,
        stored.is_arm_conflict
    from stored
    union all
    select
        banded.customer_key,
        banded.experiment,
        'campaign' as arm_source,
        banded.arm,
        {{ winback_stratum('banded.recency_band', 'banded.frequency_band') }} as stratum,
        banded.assigned_on,
        banded.is_arm_conflict
    from banded
),

{{ with_experiment_days('stacked', 'planned') }}

select * from dated
