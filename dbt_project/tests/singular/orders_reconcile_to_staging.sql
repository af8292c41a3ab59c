-- Net revenue of the mart against the delivered orders, lines and refunds, added up here a second
-- time from staging: per source system they agree to the cent. Orders whose prices contain tax are
-- left out on both sides; their tax split has unit tests of its own.
with orders as (
    select *
    from {{ ref('stg_shop__orders') }}
    where known_on <= {{ as_of_date() }}
    qualify
        row_number() over (
            partition by source_system, order_id
            order by
                updated_at desc nulls last,
                source_sequence desc nulls last,
                record_hash desc nulls last
        ) = 1
),

counted as (
    select
        orders.source_system,
        orders.order_id,
        {{ to_reporting('orders.gross_items', 'valued.exchange_rate') }}
        - {{ to_reporting('orders.discount', 'valued.exchange_rate') }} as sold
    from orders
    inner join {{ ref('orders') }} as valued
        on orders.source_system = valued.source_system and orders.order_id = valued.order_id
    where
        not orders.is_deleted
        and orders.status <> 'cancelled'
        and not orders.is_test
        and orders.ordered_on <= {{ as_of_date() }}
        and not coalesce(orders.taxes_included, false)
),

gift_cards as (
    select
        source_system,
        order_id,
        sum(gift_card_sales) as gift_card_sales
    from {{ ref('order_lines') }}
    group by source_system, order_id
),

refunds as (
    select
        source_system,
        order_id,
        sum(refunded_revenue) as refunded_revenue
    from {{ ref('refunds') }}
    where is_counted
    group by source_system, order_id
),

delivered as (
    select
        counted.source_system,
        sum(
            counted.sold
            - coalesce(gift_cards.gift_card_sales, 0)
            - coalesce(refunds.refunded_revenue, 0)
        ) as net_revenue_delivered
    from counted
    left join gift_cards
        on
            counted.source_system = gift_cards.source_system
            and counted.order_id = gift_cards.order_id
    left join refunds
        on
            counted.source_system = refunds.source_system
            and counted.order_id = refunds.order_id
    group by counted.source_system
),

published as (
    select
        valued.source_system,
        sum(valued.net_revenue) as net_revenue_published
    from {{ ref('orders') }} as valued
    inner join orders
        on valued.source_system = orders.source_system and valued.order_id = orders.order_id
    where not coalesce(orders.taxes_included, false)
    group by valued.source_system
)

select
    coalesce(published.source_system, delivered.source_system) as source_system,
    published.net_revenue_published,
    delivered.net_revenue_delivered
from published
full join delivered on published.source_system = delivered.source_system
where
    abs(
        coalesce(published.net_revenue_published, 0) - coalesce(delivered.net_revenue_delivered, 0)
    ) >= {{ coin(reporting_digits()) }}
