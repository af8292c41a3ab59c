with latest as (
    select * from {{ ref('int_survey_responses_latest') }}
),

identified as (
    select * from {{ ref('int_survey_responses_identified') }}
),

shares as (
    select
        *,
        {{ safe_divide('score - scale_min', 'scale_max - scale_min') }} as share_of_scale
    from latest
),

survey_responses as (
    select
        shares.source_system,
        shares.response_id,
        identified.customer_key,
        shares.survey_type,
        shares.item_code,
        shares.score,
        shares.scale_min,
        shares.scale_max,
        shares.higher_is_better,
        cast(
            case
                when shares.higher_is_better then shares.share_of_scale
                else 1 - shares.share_of_scale
            end as decimal(9, 6)
        ) as satisfaction_score,
        shares.order_id,
        shares.case_id,
        shares.order_id is not null or shares.case_id is not null as is_transactional,
        shares.responded_at,
        shares.responded_on
    from shares
    inner join identified
        on
            shares.source_system = identified.source_system
            and shares.response_id = identified.response_id
)

select * from survey_responses
