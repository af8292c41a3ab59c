with history as (
    select * from {{ ref('stg_etl__class_history') }}
),

numbered as (
    select
        customer_key,
        domain,
        code,
        changed_on,
        lag(code) over (
            partition by customer_key, domain
            order by changed_on asc nulls last
        ) as previous_code,
        min(changed_on) over (partition by customer_key, domain) as first_seen_on,
        row_number() over (
            partition by customer_key, domain
            order by changed_on desc nulls last
        ) as newest_no
    from history
),

-- The day a customer was first seen is no change: nothing is known of the days before it.
newest as (
    select
        customer_key,
        domain,
        code,
        previous_code,
        case when changed_on > first_seen_on then changed_on end as changed_on,
        first_seen_on
    from numbered
    where newest_no = 1
)

select * from newest
