-- What became of the orders in the lake? One row per source system:
-- versions in lake = not known yet + superseded + deleted + orders in the mart. Unattributed are
-- the orders of guests, which stand in no table by customer.
with versions as (
    select
        source_system,
        count(*) as versions_in_lake,
        count(*) filter (where known_on > $as_of) as versions_not_known_yet,
        count(distinct order_id) filter (where known_on <= $as_of) as orders_known
    from read_parquet($lake)
    group by source_system
),

-- Totals become reporting currency here: amounts of several currencies have no sum.
latest as (
    select
        delivered.source_system,
        count(*) as orders_latest,
        sum((delivered.total * valued.exchange_rate)::decimal(18, 4)) as total_latest
    from intermediate.int_orders_latest as delivered
    left join marts.orders as valued
        on
            delivered.source_system = valued.source_system
            and delivered.order_id = valued.order_id
    group by delivered.source_system
),

published as (
    select
        source_system,
        count(*) as orders_in_mart,
        count(*) filter (where customer_key is null) as orders_unattributed,
        sum(net_revenue) filter (where customer_key is null) as net_revenue_unattributed,
        sum(net_revenue) as net_revenue_in_mart,
        sum(gift_card_sales) as gift_card_sales_in_mart
    from marts.orders
    group by source_system
)

select
    versions.source_system,
    versions.versions_in_lake,
    versions.versions_not_known_yet,
    (versions.versions_in_lake - versions.versions_not_known_yet - versions.orders_known)::bigint
        as versions_superseded,
    (versions.orders_known - coalesce(latest.orders_latest, 0))::bigint as orders_deleted,
    coalesce(published.orders_in_mart, 0)::bigint as orders_in_mart,
    coalesce(published.orders_unattributed, 0)::bigint as orders_unattributed,
    latest.total_latest::decimal(38, 4) as total_of_orders,
    published.net_revenue_in_mart::decimal(38, 4) as net_revenue_in_mart,
    coalesce(published.net_revenue_unattributed, 0)::decimal(38, 4) as net_revenue_unattributed,
    published.gift_card_sales_in_mart::decimal(38, 4) as gift_card_sales_in_mart
from versions
left join latest on versions.source_system = latest.source_system
left join published on versions.source_system = published.source_system
order by versions.source_system asc nulls last
