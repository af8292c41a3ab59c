with case_counts as (
    select
        customer_key,
        cast(count(case when type = 'complaint' then 1 end) as bigint) as open_complaints,
        cast(count(case when is_escalated then 1 end) as bigint) as open_escalations
    from {{ ref('cases') }}
    where is_open and customer_key is not null
    group by customer_key
),

order_counts as (
    select
        customer_key,
        cast(count(*) as bigint) as open_orders
    from {{ ref('int_orders_valued') }}
    where
        status = 'open'
        and is_counted
        and customer_key is not null
    group by customer_key
),

opportunity_counts as (
    select
        parties.customer_key,
        cast(count(*) as bigint) as open_opportunities
    from {{ ref('int_opportunities_latest') }} as opportunities
    inner join {{ ref('int_opportunities_identified') }} as parties
        on
            opportunities.source_system = parties.source_system
            and opportunities.opportunity_id = parties.opportunity_id
    where
        opportunities.created_on <= {{ as_of_date() }}
        and (opportunities.closed_on is null or opportunities.closed_on > {{ as_of_date() }})
        and not coalesce(opportunities.is_won, false)
        and parties.customer_key is not null
    group by parties.customer_key
),

open_items as (
    select
        customers.customer_key,
        coalesce(case_counts.open_complaints, 0) as open_complaints,
        coalesce(case_counts.open_escalations, 0) as open_escalations,
        coalesce(order_counts.open_orders, 0) as open_orders,
        coalesce(opportunity_counts.open_opportunities, 0) as open_opportunities
    from {{ ref('customers') }} as customers
    left join case_counts on customers.customer_key = case_counts.customer_key
    left join order_counts on customers.customer_key = order_counts.customer_key
    left join opportunity_counts
        on customers.customer_key = opportunity_counts.customer_key
)

select * from open_items
