with latest as (
    select * from {{ ref('int_cases_latest') }}
),

identified as (
    select * from {{ ref('int_cases_identified') }}
),

rated as (
    select * from {{ ref('int_cases_rated') }}
),

converted as (
    select
        latest.*,
        coalesce(latest.order_system, latest.source_system) as order_source_system,
        rated.exchange_rate
    from latest
    inner join rated
        on latest.source_system = rated.source_system and latest.case_id = rated.case_id
),

cases as (
    select
        converted.source_system,
        converted.case_id,
        identified.customer_key,
        case when converted.order_id is not null then converted.order_source_system end
            as order_source_system,
        converted.order_id,
        converted.type,
        converted.reason_code,
        converted.root_cause,
        converted.severity,
        converted.origin,
        coalesce(converted.is_escalated, false) as is_escalated,
        coalesce(converted.is_public, false) as is_public,
        converted.status,
        converted.opened_on,
        converted.first_response_on,
        converted.solved_on,
        converted.closed_on,
        converted.status in ('open', 'pending') as is_open,
        converted.reopens,
        converted.csat,
        {{ to_reporting('converted.compensation', 'converted.exchange_rate') }} as compensation
    from converted
    inner join identified
        on
            converted.source_system = identified.source_system
            and converted.case_id = identified.case_id
)

select * from cases
