with terms as (
    select
        *,
        state <> 'lost' as is_in_force,
        state = 'notice'
        or (state = 'running' and coalesce(not auto_renew, false) and ends_on is not null)
            as is_ending
    from {{ ref('int_contract_terms') }}
),

customers as (
    select * from {{ ref('customers') }}
),

-- Where a CRM sends contracts, an account without one has none; elsewhere nobody knows.
accounts as (
    select distinct identities.customer_key
    from {{ ref('stg_etl__identities') }} as identities
    inner join (select distinct source_system from {{ ref('int_contracts_latest') }}) as systems
        on identities.source_system = systems.source_system
    where
        identities.entity = 'account'
        and identities.customer_key is not null
),

summed as (
    select
        terms.customer_key,
        bool_or(terms.is_in_force) as is_in_force,
        bool_or(terms.is_in_force and coalesce(terms.sole_source, false)) as is_sole_source,
        bool_or(terms.is_in_force and terms.is_ending)
        and not bool_or(terms.is_in_force and not terms.is_ending) as is_ending,
        max(coalesce(terms.ended_on, {{ as_of_date() }})) as covered_through_on,
        min(case when terms.is_in_force and not terms.is_ending then terms.renewal_on end)
            as next_renewal_on,
        bool_or(
            terms.started_on < customers.last_ordered_on
            and coalesce(terms.ended_on >= customers.last_ordered_on, true)
        ) as was_in_force_at_last_order
    from terms
    inner join customers on terms.customer_key = customers.customer_key
    group by terms.customer_key
),

contracts as (
    select
        accounts.customer_key,
        coalesce(summed.is_in_force, false) as is_in_force,
        coalesce(summed.is_ending, false) as is_ending,
        summed.covered_through_on,
        summed.next_renewal_on,
        coalesce(summed.was_in_force_at_last_order, false) as was_in_force_at_last_order,
        case
            when summed.is_sole_source then 'sole_source'
            when summed.is_in_force then 'contract'
            else 'none'
        end as switching_barrier
    from accounts
    left join summed on accounts.customer_key = summed.customer_key
)

select * from contracts
