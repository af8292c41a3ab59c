with activity as (
    select * from {{ ref('int_customer_activity') }}
),

facts as (
    select * from {{ ref('int_winback_facts') }}
),

winback_values as (
    select * from {{ ref('int_winback_values') }}
),

ruled as (
    select * from {{ ref('int_winback_rules') }}
),

settings as (
    select * from {{ ref('int_marketing_settings_hashed') }}
),

joined as (
    select
        facts.customer_key,
        activity.activity_status,
        ruled.class_code = 'eligible' as is_eligible,
        case when ruled.class_code <> 'eligible' then ruled.class_code end as suppression_reason,
        facts.eligible_channels,
        activity.lapsed_on,
        {{ days_between('activity.lapsed_on', as_of_date()) }} as days_lapsed,
        activity.recency_ratio,
        winback_values.expected_margin_if_won_back,
        winback_values.p_treat,
        winback_values.p_control,
        winback_values.expected_regain_profit,
        winback_values.offer_ceiling,
        facts.loss_reason,
        ruled.rule_id,
        ruled.reason_count,
        facts.is_objected_profiling or facts.is_minor as is_not_profiled
    from facts
    inner join activity on facts.customer_key = activity.customer_key
    inner join winback_values on facts.customer_key = winback_values.customer_key
    inner join ruled on facts.customer_key = ruled.customer_key
),

-- Customers worth the same share a rank: nobody is ahead by the spelling of a key.
ranked as (
    select
        *,
        case
            when is_eligible
                then cast(
                    rank() over (
                        partition by is_eligible
                        order by expected_regain_profit desc nulls last
                    ) as bigint
                )
        end as priority_rank
    from joined
),

winback_targets as (
    select
        ranked.customer_key,
        ranked.activity_status,
        ranked.is_eligible,
        ranked.suppression_reason,
        ranked.eligible_channels,
        ranked.lapsed_on,
        ranked.days_lapsed,
        ranked.expected_margin_if_won_back,
        ranked.p_treat,
        ranked.p_control,
        'assumed' as uplift_basis,
        ranked.expected_regain_profit,
        ranked.offer_ceiling,
        ranked.priority_rank,
        ranked.loss_reason,
        ranked.rule_id,
        {{ reason_json([
            ['activity_status', 'ranked.activity_status'],
            [
                'recency_ratio',
                'case when not ranked.is_not_profiled then ranked.recency_ratio end',
                'decimal',
            ],
            ['lapsed_on', 'ranked.lapsed_on', 'date'],
            ['eligible_channels', 'ranked.eligible_channels'],
            ['expected_regain_profit', 'ranked.expected_regain_profit', 'decimal'],
            ['reasons_against', 'ranked.reason_count', 'integer'],
        ]) }} as reason,
        {{ rule_version() }} as rule_version,
        settings.params_hash,
        {{ as_of_date() }} as as_of_date
    from ranked
    cross join settings
)

select * from winback_targets
