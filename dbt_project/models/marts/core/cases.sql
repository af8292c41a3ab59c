with latest as (
    select * from {{ ref('int_cases_latest') }}
),

identified as (
    select * from {{ ref('int_cases_identified') }}
),

dated_rates as (
    select * from {{ ref('int_exchange_rates_dated') }}
),

converted as (
    select
        latest.*,
        coalesce(latest.order_system, latest.source_system) as order_source_system,
        cast(
            case
                when latest.currency = '{{ var("reporting_currency") }}' then 1
                else dated_rates.rate
            end as decimal(24, 12)
        ) as exchange_rate
    from latest
    left join dated_rates
        on
            latest.currency = dated_rates.from_currency
            and latest.opened_on = dated_rates.used_on
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
