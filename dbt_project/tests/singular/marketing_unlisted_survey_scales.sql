{{ config(
    severity='warn',
    meta={'owner': 'marketing', 'todo': 'Add the scale to seeds/satisfaction_thresholds.csv.'}
) }}

-- Answers about satisfaction on a scale without a threshold count as no answer: say which.
select
    responses.survey_type,
    responses.scale_min,
    responses.scale_max,
    count(*) as answers
from {{ ref('survey_responses') }} as responses
left join {{ ref('satisfaction_thresholds') }} as thresholds
    on
        responses.survey_type = thresholds.survey_type
        and responses.scale_min = thresholds.scale_min
        and responses.scale_max = thresholds.scale_max
where
    responses.survey_type in ('csat', 'nps', 'ces')
    and thresholds.survey_type is null
group by
    responses.survey_type,
    responses.scale_min,
    responses.scale_max
