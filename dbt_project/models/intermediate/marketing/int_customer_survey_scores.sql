with answers as (
    select * from {{ ref('int_survey_answers_counted') }}
),

-- A business speaks through those who buy: each answer counts as much as its giver ordered. Where
-- no order names one of them, all count alike. 19 digits: DuckDB multiplies two decimals of up to
-- 18 within 64 bits, which a large account would overflow.
weighed as (
    select
        *,
        cast(
            case
                when sum(respondent_revenue) over (partition by customer_key, part) > 0
                    then respondent_revenue
                else 1
            end as decimal(19, 4)
        ) as weight
    from answers
),

summed as (
    select
        customer_key,
        part,
        cast(count(*) as bigint) as respondents,
        sum(weight) as weights,
        sum(satisfaction_score * weight) as weighed_score,
        sum(surplus * weight) as weighed_surplus,
        min(satisfaction_score) as lowest_score,
        max(responded_on) as responded_on,
        case
            when min(survey_type) = max(survey_type) then min(survey_type)
            else 'mixed'
        end as survey_type,
        case
            when bool_and(is_transactional) then 'survey_transactional'
            when bool_or(is_transactional) then 'survey_mixed'
            else 'survey_relationship'
        end as basis
    from weighed
    group by customer_key, part
),

-- High where the answers together are not below their thresholds.
scored as (
    select
        customer_key,
        part,
        respondents,
        cast({{ safe_divide('weighed_score', 'weights', 6) }} as decimal(9, 6)) as score,
        lowest_score,
        weighed_surplus >= 0 as is_high,
        survey_type,
        basis,
        responded_on
    from summed
)

select * from scored
