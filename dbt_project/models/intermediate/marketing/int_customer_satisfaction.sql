with satisfaction as (
    select
        customer_key,
        respondents as satisfaction_respondents,
        score as satisfaction_score,
        lowest_score as satisfaction_score_lowest,
        is_high,
        survey_type,
        basis as satisfaction_basis,
        responded_on
    from {{ ref('int_customer_survey_scores') }}
    where part = 'class'
)

select * from satisfaction
