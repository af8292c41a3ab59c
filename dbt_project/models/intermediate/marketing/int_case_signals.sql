with cases as (
    select *
    from {{ ref('cases') }}
    where
        customer_key is not null
        and opened_on <= {{ as_of_date() }}
),

meanings as (
    select * from {{ ref('case_meanings') }}
),

satisfaction_surveys as (
    select distinct survey_type from {{ ref('satisfaction_thresholds') }}
),

-- A customer who is content again after the case was solved is no critic any more.
recovered as (
    select distinct
        cases.source_system,
        cases.case_id
    from cases
    inner join {{ ref('survey_responses') }} as responses
        on cases.customer_key = responses.customer_key
    inner join satisfaction_surveys
        on responses.survey_type = satisfaction_surveys.survey_type
    where
        responses.responded_on >= cases.solved_on
        and responses.responded_on <= {{ as_of_date() }}
        and responses.satisfaction_score >= {{ parameter('satisfaction_recovered_min') }}
),

signals as (
    select
        cases.source_system,
        cases.case_id,
        cases.customer_key,
        cases.opened_on,
        meanings.loss_reason,
        recovered.case_id is null and (
            coalesce(cases.is_escalated, false)
            or (cases.type = 'complaint' and coalesce(cases.is_public, false))
        ) as is_critical,
        coalesce(cases.is_public and meanings.is_public_praise, false)
        and cases.type <> 'complaint' as is_praise,
        coalesce(meanings.is_wish_to_leave, false) as is_wish_to_leave
    from cases
    left join meanings on cases.reason_code = meanings.reason_code
    left join recovered
        on cases.source_system = recovered.source_system and cases.case_id = recovered.case_id
)

select * from signals
