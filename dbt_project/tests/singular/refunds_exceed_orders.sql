-- Orders that gave back more for goods than they had taken, by more than a coin, judged in the
-- order's own currency: rates of exchange alone are no reason to be listed.
{{ config(severity='warn', meta={'owner': 'Warehouse maintainers'}) }}

select
    orders.source_system,
    orders.order_id,
    orders.currency,
    netted.goods_own as sold,
    refunds.goods_own as given_back
from {{ ref('int_refunds_summed') }} as refunds
inner join {{ ref('int_orders_netted') }} as netted
    on refunds.source_system = netted.source_system and refunds.order_id = netted.order_id
inner join {{ ref('int_orders_latest') }} as orders
    on refunds.source_system = orders.source_system and refunds.order_id = orders.order_id
left join {{ ref('currencies') }} as currencies on orders.currency = currencies.currency
where refunds.goods_own > netted.goods_own + {{ coin('currencies.minor_unit_digits') }}
