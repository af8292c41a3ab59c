with contracts as (
    select
        *,
        -- A notice that is dated ahead has not been given yet.
        case when cancelled_on <= {{ as_of_date() }} then cancelled_on end as notice_on,
        coalesce(auto_renew, false) as is_renewed_by_itself,
        cast({{ parameter('clv_contract_period_months') }} as bigint) as period_months
    from {{ ref('int_contracts_latest') }}
    where starts_on <= {{ as_of_date() }}
),

identified as (
    select * from {{ ref('int_contracts_identified') }}
),

-- The last day of each contract, as far as it is known. A notice ends a contract on its stated last
-- day; on the day it is given where none is stated, or where the contract had been renewed since.
last_days as (
    select
        *,
        case
            when notice_on is null then case when not is_renewed_by_itself then ends_on end
            when ends_on is null then notice_on
            when is_renewed_by_itself then greatest(ends_on, notice_on)
            else ends_on
        end as last_on
    from contracts
),

-- The last day belongs to the contract: it has ended once that day is over.
ended as (
    select
        *,
        case when last_on < {{ as_of_date() }} then last_on end as ended_on
    from last_days
    where last_on is null or last_on >= starts_on
),

survived as (
    select
        *,
        {{ integer_divide(
            whole_months_between('starts_on', 'coalesce(ended_on, ' ~ as_of_date() ~ ')'),
            'period_months'
        ) }} as periods
    from ended
),

renewed as (
    select
        *,
        {{ months_later('starts_on', '(cast(periods as bigint) + 1) * period_months') }}
            as renewal_on
    from survived
),

terms as (
    select
        identified.customer_key,
        renewed.source_system,
        renewed.contract_id,
        renewed.starts_on as started_on,
        renewed.ends_on,
        renewed.auto_renew,
        renewed.sole_source,
        renewed.notice_on,
        renewed.ended_on,
        case
            when renewed.ended_on is not null then 'lost'
            when renewed.notice_on is not null then 'notice'
            else 'running'
        end as state,
        renewed.ended_on is not null as is_lost,
        cast(renewed.periods as bigint) as periods_survived,
        renewed.renewal_on,
        renewed.ended_on is not null and renewed.renewal_on <= {{ as_of_date() }}
            as is_renewal_missed,
        case
            when renewed.ended_on is null and renewed.notice_on is null
                then {{ days_between(as_of_date(), 'renewed.renewal_on') }}
        end as days_to_renewal
    from renewed
    inner join identified
        on
            renewed.source_system = identified.source_system
            and renewed.contract_id = identified.contract_id
    where identified.customer_key is not null
)

select * from terms
