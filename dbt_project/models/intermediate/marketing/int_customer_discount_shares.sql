with orders as (
    select *
    from {{ ref('int_orders_valued') }}
    where
        is_counted
        and customer_key is not null
        and ordered_on <= {{ as_of_date() }}
        and {{ days_between('ordered_on', as_of_date()) }}
        < {{ parameter('loyalty_score_window_days') }}
),

summed as (
    select
        customer_key,
        sum(net_revenue) as net_revenue,
        sum(discounted_net_revenue) as discounted_net_revenue
    from orders
    group by customer_key
),

-- Refunds can leave nothing to divide by, and then nothing is known about price.
shares as (
    select
        customer_key,
        case
            when net_revenue > 0
                then {{ share_of_full('discounted_net_revenue', 'net_revenue') }}
        end as discount_share
    from summed
)

select * from shares
