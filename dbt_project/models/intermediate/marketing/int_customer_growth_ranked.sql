{%- set window = parameter('grade_window_days') -%}

with postings as (
    select
        *,
        {{ days_between('posted_on', as_of_date()) }} as days_ago
    from {{ ref('int_orders_posted') }}
    where customer_key is not null and posted_on <= {{ as_of_date() }}
),

customers as (
    select
        customers.customer_key,
        customers.customer_type
    from {{ ref('customers') }} as customers
    inner join {{ ref('int_customer_permissions') }} as permissions
        on customers.customer_key = permissions.customer_key
    where not customers.is_internal and not permissions.is_not_profiled
),

summed as (
    select
        customer_key,
        sum(case when days_ago < {{ window }} then net_revenue else 0 end) as revenue_recent,
        sum(case when days_ago >= {{ window }} then net_revenue else 0 end) as revenue_before
    from postings
    where days_ago < 2 * {{ window }}
    group by customer_key
),

-- Growth needs a year to grow from: who came this year, or came back, is not the same as one who
-- buys more. In money: a rate would put one dollar that became ten before everybody. Who left no
-- money this year has gone and is nobody's peer: among the many gone a dollar more is the top.
measured as (
    select
        customers.customer_key,
        customers.customer_type,
        cast(summed.revenue_recent - summed.revenue_before as decimal(18, 4)) as growth_amount,
        summed.revenue_recent > 0 as is_peer
    from summed
    inner join customers on summed.customer_key = customers.customer_key
    where summed.revenue_before > 0
),

ties as (
    select
        customer_type,
        growth_amount,
        count(*) as tie_count
    from measured
    where is_peer
    group by customer_type, growth_amount
),

ranked as (
    select
        customer_type,
        growth_amount,
        tie_count,
        sum(tie_count) over (
            partition by customer_type
            order by growth_amount desc nulls last
            rows between unbounded preceding and current row
        ) - tie_count as above_count,
        sum(tie_count) over (partition by customer_type) as total_count
    from ties
),

-- Equals stand or fall together: the middle of them must lie within the top share.
growth as (
    select
        measured.customer_key,
        measured.growth_amount,
        cast(ranked.total_count as bigint) as growth_peers,
        coalesce(
            measured.growth_amount > 0
            and ranked.total_count >= {{ parameter('score_group_min_customers') }}
            and 2 * ranked.above_count + ranked.tie_count
            <= 2 * ranked.total_count * {{ parameter('grade_growth_top_share') }},
            false
        ) as is_growth_top
    from measured
    left join ranked
        on
            measured.is_peer
            and measured.customer_type = ranked.customer_type
            and measured.growth_amount = ranked.growth_amount
)

select * from growth
