{%- set window = parameter('profit_loyalty_window_days') -%}
{%- set window_start = date_plus(as_of_date(), '-1 * ' ~ window) -%}

with customers as (
    select * from {{ ref('customers') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

loyalty as (
    select * from {{ ref('int_customer_loyalty_rules') }}
),

loyalty_facts as (
    select * from {{ ref('int_customer_loyalty_facts') }}
),

margins as (
    select
        postings.customer_key,
        cast(sum(postings.margin) as decimal(18, 4)) as margin,
        case
            when min(orders.margin_basis) = max(orders.margin_basis) then min(orders.margin_basis)
            when min(orders.margin_basis) is not null then 'mixed'
        end as margin_basis
    from {{ ref('int_orders_posted') }} as postings
    inner join {{ ref('int_orders_valued') }} as orders
        on
            postings.source_system = orders.source_system
            and postings.order_id = orders.order_id
    where
        postings.customer_key is not null
        and postings.posted_on <= {{ as_of_date() }}
        and postings.posted_on > {{ window_start }}
    group by postings.customer_key
),

case_counts as (
    select
        customer_key,
        cast(count(*) as bigint) as case_count
    from {{ ref('cases') }}
    where
        customer_key is not null
        and opened_on <= {{ as_of_date() }}
        and opened_on > {{ window_start }}
    group by customer_key
),

-- Contacts that took somebody's time: ours to the customer, and theirs that one of us took. What a
-- machine sends, and a click, a review or the like of the customer, costs next to nothing.
contact_counts as (
    select
        parties.customer_key,
        cast(count(*) as bigint) as contact_count
    from {{ ref('int_interactions_latest') }} as interactions
    inner join {{ ref('int_interactions_identified') }} as parties
        on
            interactions.source_system = parties.source_system
            and interactions.interaction_id = parties.interaction_id
    where
        parties.customer_key is not null
        and not coalesce(interactions.is_auto, false)
        and (interactions.direction = 'out' or interactions.rep_id is not null)
        and interactions.occurred_on <= {{ as_of_date() }}
        and interactions.occurred_on > {{ window_start }}
    group by parties.customer_key
),

costed as (
    select
        customers.customer_key,
        customers.customer_type as score_group,
        coalesce(customers.is_internal, false) as is_internal,
        permissions.is_not_profiled,
        customers.purchase_days,
        coalesce(
            {{ days_between('customers.last_ordered_on', as_of_date()) }}
            < {{ window }},
            false
        ) as has_recent_purchase,
        margins.customer_key is not null as has_postings,
        margins.margin,
        coalesce(margins.margin_basis, 'none') as margin_basis,
        coalesce(case_counts.case_count, 0) as case_count,
        coalesce(contact_counts.contact_count, 0) as contact_count,
        cast(
            coalesce(case_counts.case_count, 0) * {{ parameter('serve_cost_per_case') }}
            + coalesce(contact_counts.contact_count, 0) * {{ parameter('serve_cost_per_contact') }}
            as decimal(18, 4)
        ) as cost_to_serve,
        loyalty_facts.behavioural_score,
        loyalty.is_loyalty_high
    from customers
    inner join permissions on customers.customer_key = permissions.customer_key
    inner join loyalty on customers.customer_key = loyalty.customer_key
    inner join loyalty_facts on customers.customer_key = loyalty_facts.customer_key
    left join margins on customers.customer_key = margins.customer_key
    left join case_counts on customers.customer_key = case_counts.customer_key
    left join contact_counts on customers.customer_key = contact_counts.customer_key
),

-- No posting is a margin of 0; a posting whose margin is unknown leaves the profit unknown.
facts as (
    select
        *,
        cast(
            case when has_postings then margin else 0 end - cost_to_serve as decimal(18, 4)
        ) as profit
    from costed
)

select * from facts
