with activity as (
    select * from {{ ref('int_customer_activity') }}
),

facts as (
    select
        *,
        not is_objected_profiling and not is_minor as is_profiled
    from {{ ref('int_winback_facts') }}
),

winback_values as (
    select * from {{ ref('int_winback_values') }}
),

ruled as (
    select * from {{ ref('int_winback_rules') }}
),

memberships as (
    select * from {{ ref('int_winback_memberships') }}
),

changes as (
    select * from {{ ref('int_class_changes') }}
    where domain = 'winback_status'
),

settings as (
    select * from {{ ref('int_marketing_settings_hashed') }}
),

-- A channel is named only where it may be used, and nothing is said about those not profiled.
joined as (
    select
        facts.customer_key,
        activity.activity_status,
        ruled.class_code = 'eligible' as is_eligible,
        case when ruled.class_code <> 'eligible' then ruled.class_code end as suppression_reason,
        case when ruled.class_code = 'eligible' then facts.eligible_channels end
            as eligible_channels,
        case when facts.is_profiled then activity.lapsed_on end as lapsed_on,
        case when facts.is_profiled then activity.recency_ratio end as recency_ratio,
        winback_values.expected_margin_if_won_back,
        winback_values.p_treat,
        winback_values.p_control,
        winback_values.expected_regain_profit,
        winback_values.offer_ceiling,
        winback_values.uplift_basis,
        case when facts.is_profiled then facts.loss_reason end as loss_reason,
        case when facts.is_profiled then memberships.experiment end as experiment,
        case when facts.is_profiled then memberships.arm end as arm,
        case when facts.is_profiled then memberships.stratum end as stratum,
        case when facts.is_profiled then memberships.assigned_on end as first_eligible_on,
        case when facts.is_profiled then memberships.is_arm_conflict end as is_arm_conflict,
        case when facts.is_profiled then changes.previous_code end as previous_winback_status,
        case when facts.is_profiled then changes.changed_on end as winback_status_changed_on,
        ruled.subclass_code = 'exploration' as is_exploration,
        ruled.rule_id,
        ruled.reason_count
    from facts
    inner join activity on facts.customer_key = activity.customer_key
    inner join winback_values on facts.customer_key = winback_values.customer_key
    inner join ruled on facts.customer_key = ruled.customer_key
    left join memberships on facts.customer_key = memberships.customer_key
    left join changes on facts.customer_key = changes.customer_key
),

-- Customers worth the same share a rank: nobody is ahead by the spelling of a key.
winback_targets as (
    select
        joined.customer_key,
        joined.activity_status,
        joined.is_eligible,
        joined.suppression_reason,
        joined.eligible_channels,
        joined.lapsed_on,
        {{ days_between('joined.lapsed_on', as_of_date()) }} as days_lapsed,
        joined.expected_margin_if_won_back,
        joined.p_treat,
        joined.p_control,
        joined.uplift_basis,
        joined.expected_regain_profit,
        joined.offer_ceiling,
        case
            when joined.is_eligible
                then cast(
                    rank() over (
                        partition by joined.is_eligible
                        order by joined.expected_regain_profit desc nulls last
                    ) as bigint
                )
        end as priority_rank,
        joined.loss_reason,
        joined.is_exploration,
        joined.experiment,
        joined.arm,
        joined.stratum,
        joined.first_eligible_on,
        joined.is_arm_conflict,
        joined.previous_winback_status,
        joined.winback_status_changed_on,
        joined.rule_id,
        {{ reason_json([
            ['activity_status', 'joined.activity_status'],
            ['recency_ratio', 'joined.recency_ratio', 'decimal'],
            ['lapsed_on', 'joined.lapsed_on', 'date'],
            ['eligible_channels', 'joined.eligible_channels'],
            ['expected_regain_profit', 'joined.expected_regain_profit', 'decimal'],
            ['reasons_against', 'joined.reason_count', 'integer'],
        ]) }} as reason,
        {{ rule_version() }} as rule_version,
        settings.params_hash,
        {{ as_of_date() }} as as_of_date
    from joined
    cross join settings
)

select * from winback_targets
