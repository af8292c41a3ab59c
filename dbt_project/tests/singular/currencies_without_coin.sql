-- Currencies of orders that ISO 4217 does not list. Their own amounts keep four decimals, since
-- nothing says what their smallest coin is.
{{ config(severity='warn', meta={'owner': 'Warehouse maintainers'}) }}

select
    orders.currency,
    count(*) as order_count
from {{ ref('int_orders_latest') }} as orders
left join {{ ref('currencies') }} as currencies on orders.currency = currencies.currency
where currencies.currency is null
group by orders.currency
