with windows as (
    select * from {{ ref('int_winback_windows') }}
),

postings as (
    select * from {{ ref('int_orders_posted') }}
),

-- What was bought within the window, and what of it came back before the window ended.
bought as (
    select
        windows.experiment,
        windows.customer_key,
        max(case when sales.is_net_purchase then 1 else 0 end) as has_returned,
        sum(postings.net_revenue) as net_revenue,
        sum(postings.margin) as margin
    from windows
    inner join postings as sales
        on
            windows.customer_key = sales.customer_key
            and sales.posting_type = 'sale'
            and sales.posted_on > windows.assigned_on
            and sales.posted_on <= windows.outcome_until_on
    inner join postings
        on
            sales.source_system = postings.source_system
            and sales.order_id = postings.order_id
            and postings.posted_on <= windows.outcome_until_on
    group by windows.experiment, windows.customer_key
),

measured as (
    select
        windows.*,
        coalesce(bought.has_returned = 1, false) as has_returned,
        cast(coalesce(bought.net_revenue, 0) as decimal(18, 4)) as net_revenue,
        cast(coalesce(bought.margin, 0) as decimal(18, 4)) as margin,
        windows.is_closed
        and windows.reads_on <= {{ as_of_date() }}
        and coalesce(windows.activity_status in ('lapsed', 'lost'), false) as can_teach
    from windows
    left join bought
        on
            windows.experiment = bought.experiment
            and windows.customer_key = bought.customer_key
),

-- A customer teaches once a spell: the first of the experiments that are over.
outcomes as (
    select
        *,
        can_teach
        and row_number() over (
            partition by customer_key, last_purchase_on, can_teach
            order by assigned_on asc nulls last, experiment asc nulls last
        ) = 1 as is_lesson
    from measured
)

select * from outcomes
