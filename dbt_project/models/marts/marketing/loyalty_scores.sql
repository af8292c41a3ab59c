with scores as (
    select * from {{ ref('int_customer_loyalty_scores') }}
),

settings as (
    select * from {{ ref('int_marketing_settings_hashed') }}
),

loyalty_scores as (
    select
        scores.customer_key,
        scores.behavioural_score,
        scores.affective_score,
        scores.conative_score,
        scores.total_score,
        scores.repeat_part,
        scores.recency_part,
        scores.share_part,
        scores.tenure_part,
        scores.satisfaction_part,
        scores.recommendation_part,
        scores.identification_part,
        scores.components_available,
        scores.score_basis,
        {{ rule_version() }} as rule_version,
        settings.params_hash,
        {{ as_of_date() }} as as_of_date
    from scores
    cross join settings
)

select * from loyalty_scores
