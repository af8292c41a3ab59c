with permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

respondents as (
    select * from {{ ref('int_survey_respondents') }}
),

thresholds as (
    {{ settings_in_force(
        ref('satisfaction_thresholds'), ['survey_type', 'scale_min', 'scale_max']
    ) | indent(4) }}
),

items as (
    {{ settings_in_force(ref('loyalty_survey_items'), ['survey_type', 'item_code']) | indent(4) }}
),

-- Who objects to profiling is not scored, so their answers stop here.
recent as (
    select
        responses.*,
        respondents.respondent,
        respondents.net_revenue as respondent_revenue
    from {{ ref('survey_responses') }} as responses
    inner join respondents
        on
            responses.source_system = respondents.source_system
            and responses.response_id = respondents.response_id
    inner join permissions on responses.customer_key = permissions.customer_key
    where
        not permissions.is_not_profiled
        and responses.responded_on <= {{ as_of_date() }}
        and {{ days_between('responses.responded_on', as_of_date()) }}
        <= {{ parameter('satisfaction_window_days') }}
),

-- An answer can count twice: for the class, which needs a threshold of its scale, and for a part
-- of the loyalty score. The surplus over the threshold is taken from the answer as it was given,
-- so that its sign is exact: 9 of 10 is high and .9 may not be.
used as (
    select
        recent.*,
        'class' as part,
        cast(
            {{ safe_divide(
                'case when recent.higher_is_better then recent.score'
                ~ ' else recent.scale_min + recent.scale_max - recent.score end'
                ~ ' - thresholds.high_from',
                'recent.scale_max - recent.scale_min'
            ) }} as decimal(14, 12)
        ) as surplus
    from recent
    inner join thresholds
        on
            recent.survey_type = thresholds.survey_type
            and recent.scale_min = thresholds.scale_min
            and recent.scale_max = thresholds.scale_max
    union all
    select
        recent.*,
        coalesce(named_items.part, all_items.part) as part,
        cast(null as decimal(14, 12)) as surplus
    from recent
    left join items as named_items
        on
            recent.survey_type = named_items.survey_type
            and recent.item_code = named_items.item_code
    left join items as all_items
        on
            recent.survey_type = all_items.survey_type
            and all_items.item_code = '*'
    where coalesce(named_items.part, all_items.part) is not null
),

dated as (
    select
        *,
        max(case when not is_transactional then responded_on end) over (
            partition by customer_key, part, respondent
        ) as last_relationship_on
    from used
),

-- What is said about the relationship outweighs what is said about one case or order.
counted as (
    select
        customer_key,
        part,
        respondent,
        source_system,
        response_id,
        survey_type,
        is_transactional,
        responded_on,
        satisfaction_score,
        surplus,
        respondent_revenue
    from dated
    where
        not is_transactional
        or last_relationship_on is null
        or {{ days_between('last_relationship_on', 'responded_on') }}
        > {{ parameter('satisfaction_relationship_days') }}
    qualify
        row_number() over (
            partition by customer_key, part, respondent
            order by
                responded_at desc nulls last,
                satisfaction_score asc nulls last,
                source_system asc nulls last,
                response_id asc nulls last
        ) = 1
)

select * from counted
