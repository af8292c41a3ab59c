with scores as (
    select * from {{ ref('int_customer_survey_scores') }}
),

-- One column a part: what somebody says of us, and what they say they will do.
stated as (
    select
        customer_key,
        max(case when part = 'satisfaction' then score end) as satisfaction_part,
        max(case when part = 'recommendation' then score end) as recommendation_part,
        max(case when part = 'identification' then score end) as identification_part,
        max(case when part = 'intent' then score end) as intent_part
    from scores
    where part <> 'class'
    group by customer_key
)

select * from stated
