with permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

thresholds as (
    select *
    from {{ ref('satisfaction_thresholds') }}
    where valid_from <= {{ as_of_date() }}
    qualify
        row_number() over (
            partition by survey_type, scale_min, scale_max
            order by valid_from desc nulls last
        ) = 1
),

-- Who objects to profiling is not scored, so their answers stop here.
recent as (
    select responses.*
    from {{ ref('survey_responses') }} as responses
    inner join permissions on responses.customer_key = permissions.customer_key
    where
        not permissions.is_not_profiled
        and responses.responded_on <= {{ as_of_date() }}
        and {{ days_between('responses.responded_on', as_of_date()) }}
        <= {{ parameter('satisfaction_window_days') }}
),

-- The score is turned so that higher is better and compared with the threshold as it was given,
-- never as a share: 9 of 10 is high and .9 may not be.
judged as (
    select
        recent.customer_key,
        recent.source_system,
        recent.response_id,
        recent.survey_type,
        recent.is_transactional,
        recent.responded_at,
        recent.responded_on,
        recent.satisfaction_score,
        case
            when recent.higher_is_better then recent.score
            else recent.scale_min + recent.scale_max - recent.score
        end >= thresholds.high_from as is_high,
        max(case when not recent.is_transactional then recent.responded_on end) over (
            partition by recent.customer_key
        ) as last_relationship_on
    from recent
    inner join thresholds
        on
            recent.survey_type = thresholds.survey_type
            and recent.scale_min = thresholds.scale_min
            and recent.scale_max = thresholds.scale_max
),

-- What is said about the relationship outweighs what is said about one case or order.
latest as (
    select *
    from judged
    where
        not is_transactional
        or last_relationship_on is null
        or {{ days_between('last_relationship_on', 'responded_on') }}
        > {{ parameter('satisfaction_relationship_days') }}
    qualify
        row_number() over (
            partition by customer_key
            order by
                responded_at desc nulls last,
                satisfaction_score asc nulls last,
                source_system asc nulls last,
                response_id asc nulls last
        ) = 1
),

satisfaction as (
    select
        customer_key,
        response_id,
        survey_type,
        satisfaction_score,
        is_high,
        case
            when is_transactional then 'survey_transactional'
            else 'survey_relationship'
        end as satisfaction_basis,
        responded_on
    from latest
)

select * from satisfaction
