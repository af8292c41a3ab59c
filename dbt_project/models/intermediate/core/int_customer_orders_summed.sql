with orders as (
    select * from {{ ref('int_orders_valued') }}
    where customer_key is not null
),

originals as (
    select * from {{ ref('int_orders_latest') }}
),

sources as (
    select * from {{ ref('stg_etl__sources') }}
),

described as (
    select
        orders.*,
        coalesce(originals.is_fraud, false) as is_fraud,
        originals.ship_country,
        originals.email_domain,
        originals.email_token is not null as has_email,
        originals.phone_token is not null as has_phone,
        sources.history_starts_on,
        row_number() over (
            partition by orders.customer_key
            order by
                orders.ordered_at desc nulls last,
                orders.source_system asc nulls last,
                orders.order_id asc nulls last
        ) as recency_rank,
        row_number() over (
            partition by orders.customer_key
            order by
                case when orders.is_net_purchase then 0 else 1 end asc nulls last,
                orders.ordered_on asc nulls last,
                sources.history_starts_on asc nulls last,
                orders.source_system asc nulls last,
                orders.order_id asc nulls last
        ) as purchase_rank
    from orders
    inner join originals
        on
            orders.source_system = originals.source_system
            and orders.order_id = originals.order_id
    left join sources on orders.source_system = sources.source_system
),

summed as (
    select
        customer_key,
        min(case when is_net_purchase then ordered_on end) as first_ordered_on,
        max(case when is_net_purchase then ordered_on end) as last_ordered_on,
        cast(count(case when is_net_purchase then 1 end) as bigint) as order_count,
        cast(count(distinct case when is_net_purchase then ordered_on end) as bigint)
            as purchase_days,
        cast(count(distinct case when is_net_purchase then business_unit end) as bigint)
            as business_unit_count,
        cast(sum(net_revenue) as decimal(18, 4)) as net_revenue,
        cast(sum(margin) as decimal(18, 4)) as margin,
        bool_or(is_fraud) as has_fraud,
        bool_or(has_email) as has_email,
        bool_or(has_phone) as has_phone,
        min_by(ship_country, recency_rank) filter (where ship_country is not null)
            as ship_country,
        min_by(email_domain, recency_rank) filter (where email_domain is not null)
            as email_domain,
        max(case when purchase_rank = 1 and is_net_purchase then history_starts_on end)
            as history_starts_on
    from described
    group by customer_key
)

select * from summed
