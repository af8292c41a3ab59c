with lines as (
    select * from {{ ref('int_order_lines_listed') }}
),

netted as (
    select * from {{ ref('int_order_lines_netted') }}
),

orders as (
    select * from {{ ref('int_orders_rated') }}
),

product_costs as (
    select * from {{ ref('int_product_costs_dated') }}
),

dated_rates as (
    select * from {{ ref('int_exchange_rates_dated') }}
),

-- The line's own cost wins over the product's.
with_unit_cost as (
    select
        lines.*,
        orders.exchange_rate,
        netted.list_own,
        netted.discount_own,
        netted.list_amount as list_reporting,
        netted.discount_amount as discount_reporting,
        coalesce(lines.unit_cost, product_costs.unit_cost) as cost_of_one,
        case
            when lines.unit_cost is not null then lines.cost_currency
            else product_costs.currency
        end as cost_of_one_currency,
        case when lines.unit_cost is not null then 'line_cost' else product_costs.cost_basis end
            as cost_source
    from lines
    inner join netted
        on
            lines.source_system = netted.source_system
            and lines.order_id = netted.order_id
            and lines.line_no = netted.line_no
    inner join orders
        on lines.source_system = orders.source_system and lines.order_id = orders.order_id
    left join product_costs
        on
            lines.source_system = product_costs.source_system
            and lines.sku = product_costs.sku
            and lines.ordered_on >= product_costs.valid_from
            and lines.ordered_on < product_costs.valid_before
),

with_cost_rate as (
    select
        with_unit_cost.*,
        cast(
            case
                when cost_of_one_currency = '{{ var("reporting_currency") }}' then 1
                when cost_of_one_currency = with_unit_cost.currency
                    then with_unit_cost.exchange_rate
                else dated_rates.rate
            end as decimal(24, 12)
        ) as cost_rate
    from with_unit_cost
    left join dated_rates
        on
            with_unit_cost.cost_of_one_currency = dated_rates.from_currency
            and with_unit_cost.ordered_on = dated_rates.used_on
),

-- A cost that cannot be converted is no cost: the default margin rate stands in for it.
costed as (
    select
        *,
        case when is_gift_card then 0 else list_reporting - discount_reporting end as net_revenue,
        case
            when not is_gift_card and cost_rate is not null
                then
                    {{ to_reporting(
                        money_mul('cost_of_one', 'quantity', var('minor_unit_digits')), 'cost_rate'
                    ) }}
        end as known_cost_amount
    from with_cost_rate
),

based as (
    select
        source_system,
        order_id,
        line_no,
        product_id,
        sku,
        title,
        quantity,
        is_gift_card,
        is_sample,
        list_own,
        discount_own,
        list_reporting as list_amount,
        discount_reporting as discount_amount,
        cast(net_revenue as decimal(18, 4)) as net_revenue_gross_of_refunds,
        cast(
            case when is_gift_card then list_reporting - discount_reporting else 0 end
            as decimal(18, 4)
        ) as gift_card_sales,
        known_cost_amount,
        case
            when is_gift_card then null
            when known_cost_amount is not null then cost_source
            else 'default_rate'
        end as cost_basis
    from costed
)

select * from based
