-- Whoever was a customer at the last month's end, and whoever is one today, is counted once.
with history as (
    select * from {{ ref('stg_etl__class_history') }}
    where changed_on <= {{ last_month_end() }}
),

ends as (
    select
        customer_key,
        domain,
        max(changed_on) as changed_on
    from history
    group by
        customer_key,
        domain
),

then_known as (
    select
        history.domain,
        count(history.code) as customers
    from history
    inner join ends
        on
            history.customer_key = ends.customer_key
            and history.domain = ends.domain
            and history.changed_on = ends.changed_on
    group by history.domain
),

today as (
    select count(*) as customers from {{ ref('customers') }}
),

counted as (
    select
        domain,
        sum(case when from_code in ('joined', 'unrecorded') then 0 else customer_count end)
            as left_from,
        sum(case when to_code in ('gone', 'merged') then 0 else customer_count end) as arrived
    from {{ ref('segment_transitions') }}
    group by domain
)

select
    counted.domain,
    counted.left_from,
    then_known.customers as customers_then,
    counted.arrived,
    today.customers as customers_today
from counted
cross join today
left join then_known on counted.domain = then_known.domain
where
    counted.arrived <> today.customers
    or counted.left_from <> coalesce(then_known.customers, 0)
