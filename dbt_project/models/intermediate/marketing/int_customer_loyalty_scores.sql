with parts as (
    select * from {{ ref('int_customer_loyalty_parts') }}
),

-- From 0 to 100, over the parts that are known; null where none is.
scored as (
    select
        *,
        {{ mean_of_known([
            ['repeat_part', parameter('loyalty_repeat_weight')],
            ['recency_part', parameter('loyalty_recency_weight')],
            ['share_part', parameter('loyalty_share_weight')],
            ['tenure_part', parameter('loyalty_tenure_weight')],
        ], times=100) }} as behavioural_score,
        {{ mean_of_known([
            ['satisfaction_part', parameter('loyalty_satisfaction_weight')],
            ['recommendation_part', parameter('loyalty_recommendation_weight')],
            ['identification_part', parameter('loyalty_identification_weight')],
        ], times=100) }} as affective_score,
        cast(100 * intent_part as decimal(18, 6)) as conative_score
    from parts
),

-- Behaviour alone is behaviour, whatever it is called: a total needs something that was said.
totalled as (
    select
        *,
        case
            when affective_score is not null or conative_score is not null
                then
                    {{ mean_of_known([
                        ['affective_score', parameter('loyalty_affective_weight')],
                        ['behavioural_score', parameter('loyalty_behavioural_weight')],
                        ['conative_score', parameter('loyalty_conative_weight')],
                    ]) }}
        end as total_score,
        coalesce(
            nullif(
                case when affective_score is not null then 'A' else '' end
                || case when behavioural_score is not null then 'B' else '' end
                || case when conative_score is not null then 'C' else '' end,
                ''
            ),
            'none'
        ) as components_available
    from scored
),

based as (
    select
        *,
        case
            when is_not_profiled then 'withheld'
            when components_available = 'none' then 'none'
            when components_available = 'B' then 'behaviour_only'
            when behavioural_score is null then 'stated_only'
            else 'behaviour_and_stated'
        end as score_basis
    from totalled
)

select * from based
