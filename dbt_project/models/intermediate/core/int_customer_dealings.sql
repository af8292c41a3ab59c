with customers as (
    select * from {{ ref('int_customers_described') }}
),

-- A contract under notice still runs: it ends on its last day.
contracts as (
    select
        customer_key,
        bool_or(not is_lost) as has_running,
        bool_or(state = 'running') as has_unlimited,
        bool_or(is_lost) as has_ended
    from {{ ref('int_contract_terms') }}
    group by customer_key
),

open_orders as (
    select distinct customer_key
    from {{ ref('int_orders_valued') }}
    where status = 'open' and is_counted and customer_key is not null
),

-- Open on the as-of date, and expected to close within so many days of it. One whose day is long
-- past is forgotten rather than near; one without a day is not near either.
near_opportunities as (
    select distinct parties.customer_key
    from {{ ref('int_opportunities_latest') }} as opportunities
    inner join {{ ref('int_opportunities_identified') }} as parties
        on
            opportunities.source_system = parties.source_system
            and opportunities.opportunity_id = parties.opportunity_id
    where
        parties.customer_key is not null
        and opportunities.created_on <= {{ as_of_date() }}
        and (opportunities.closed_on is null or opportunities.closed_on > {{ as_of_date() }})
        and not coalesce(opportunities.is_won, false)
        and abs({{ days_between(as_of_date(), 'opportunities.expected_close_on') }})
        <= {{ parameter('transaction_upcoming_days') }}
),

dealings as (
    select
        customers.customer_key,
        customers.purchase_days > 0 or coalesce(contracts.has_ended, false)
            as has_past_transaction,
        open_orders.customer_key is not null or coalesce(contracts.has_running, false)
            as has_ongoing_transaction,
        near_opportunities.customer_key is not null as has_upcoming_transaction,
        coalesce(contracts.has_unlimited, false) as has_contract_without_notice
    from customers
    left join contracts on customers.customer_key = contracts.customer_key
    left join open_orders on customers.customer_key = open_orders.customer_key
    left join near_opportunities on customers.customer_key = near_opportunities.customer_key
)

select * from dealings
