with facts as (
    select * from {{ ref('int_customer_loyalty_facts') }}
),

weighed as (
    select
        *,
        coalesce(
            behavioural_score >= {{ parameter('loyalty_score_high_min') }}
            and activity_status not in ('lapsed', 'lost'),
            false
        ) as is_loyalty_high
    from facts
),

-- The first rule that matches. The class it stands for is in seeds/classification_rules.csv.
ruled as (
    select
        customer_key,
        is_loyalty_high,
        case
            when is_internal then 'SL01_INTERNAL'
            when purchase_days = 0 then 'SL02_PROSPECT'
            when is_profiling_objected then 'SL03_OBJECTED'
            when is_not_profiled then 'SL04_MINOR'
            when is_satisfaction_high is null then 'SL05_UNKNOWN_SATISFACTION'
            when tenure_days <= {{ parameter('loyalty_too_new_days') }}
                then case
                    when has_critic_signal then 'SL06_CRITIC_NEW'
                    else 'SL07_TOO_NEW'
                end
            when is_satisfaction_high and is_loyalty_high
                then case
                    when has_advocacy then 'SL08_ADVOCATE_ACTIVE'
                    when survey_type = 'nps' then 'SL09_APOSTLE_CLAIMED'
                    else 'SL10_LOYALIST'
                end
            when is_satisfaction_high
                then case
                    when has_wish_to_leave then 'SL11_SATISFIED_LEAVER'
                    when discount_share >= {{ parameter('loyalty_price_driven_min') }}
                        then 'SL12_PRICE_DRIVEN'
                    else 'SL13_SATISFIED_SWITCHER'
                end
            when is_loyalty_high
                then case
                    when
                        satisfaction_score <= {{ parameter('satisfaction_trapped_max') }}
                        or switching_barrier in ('contract', 'sole_source')
                        then 'SL14_TRAPPED'
                    else 'SL15_COMPLACENT'
                end
            when satisfaction_score > {{ parameter('satisfaction_critic_max') }}
                then 'SL16_DEFECTOR'
            when has_critic_signal then 'SL17_PUBLIC_CRITIC'
            when survey_type = 'nps' then 'SL18_CRITIC_CLAIMED'
            else 'SL16_DEFECTOR'
        end as rule_id
    from weighed
)

select * from ruled
