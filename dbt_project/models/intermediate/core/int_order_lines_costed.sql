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
        {{ rate_of(
            'cost_of_one_currency',
            {'stated_on_order': 'case when cost_of_one_currency = with_unit_cost.currency'
             ~ ' then with_unit_cost.exchange_rate end'},
            'dated_rates.rate'
        ) }} as cost_rate
    from with_unit_cost
    left join dated_rates
        on
            with_unit_cost.cost_of_one_currency = dated_rates.from_currency
            and with_unit_cost.ordered_on = dated_rates.used_on
),

-- Rounded once it is converted: a cost of 0.35 is not nothing because yen have no decimals.
costed as (
    select
        *,
        case when is_gift_card then 0 else list_reporting - discount_reporting end as net_revenue,
        case
            when not is_gift_card
                then
                    {{ money_mul(
                        money_times_quantity('cost_of_one', 'quantity'),
                        'cost_rate', reporting_digits()
                    ) }}
        end as known_cost_amount,
        not is_gift_card and cost_of_one is not null and cost_rate is null as is_cost_unrated
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
            when cost_of_one is not null then cost_source
            else 'default_rate'
        end as cost_basis,
        cost_of_one_currency as cost_currency,
        is_cost_unrated
    from costed
)

select * from based
