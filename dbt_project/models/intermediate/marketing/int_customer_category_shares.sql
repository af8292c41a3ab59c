with spend as (
    select * from {{ ref('int_category_spend_rated') }}
),

parties as (
    select * from {{ ref('int_category_spend_identified') }}
),

orders as (
    select * from {{ ref('int_orders_valued') }}
    where is_counted and customer_key is not null
),

lines as (
    select * from {{ ref('int_order_lines_costed') }}
),

products as (
    select * from {{ ref('int_products_latest') }}
),

-- The calendar year that ended last: of the running one nobody knows what will be spent. Where
-- two people of a business say different amounts, the larger one makes the share no larger.
amounts as (
    select
        parties.customer_key,
        spend.category,
        max(spend.amount) as amount
    from spend
    inner join parties
        on
            spend.source_system = parties.source_system
            and spend.party_type = parties.party_type
            and spend.party_id = parties.party_id
            and spend.category = parties.category
            and spend.year = parties.year
    where
        parties.customer_key is not null
        and spend.amount > 0
        and spend.year = extract(year from {{ date_plus(as_of_date(), 1) }}) - 1
    group by parties.customer_key, spend.category
),

-- What came back is taken from an order's lines in proportion; only where spend is on file.
sales as (
    select
        orders.customer_key,
        products.category,
        sum(
            {{ money_share(
                'lines.net_revenue_gross_of_refunds', 'orders.net_revenue',
                'orders.net_revenue_gross_of_refunds'
            ) }}
        ) as net_revenue
    from orders
    inner join lines
        on orders.source_system = lines.source_system and orders.order_id = lines.order_id
    inner join products
        on lines.source_system = products.source_system and lines.product_id = products.product_id
    inner join amounts
        on
            orders.customer_key = amounts.customer_key
            and products.category = amounts.category
    where
        extract(year from orders.ordered_on)
        = extract(year from {{ date_plus(as_of_date(), 1) }}) - 1
        and orders.ordered_on <= {{ as_of_date() }}
    group by orders.customer_key, products.category
),

-- Nobody buys more from us than in all: a larger sum only shows that the statement was too low.
summed as (
    select
        amounts.customer_key,
        sum(least(greatest(coalesce(sales.net_revenue, 0), 0), amounts.amount)) as our_amount,
        sum(amounts.amount) as whole_amount
    from amounts
    left join sales
        on
            amounts.customer_key = sales.customer_key
            and amounts.category = sales.category
    group by amounts.customer_key
),

shares as (
    select
        customer_key,
        {{ share_of_full('our_amount', 'whole_amount') }} as share_of_customer
    from summed
)

select * from shares
