with orders as (
    select * from {{ ref('int_orders_latest') }}
),

netted as (
    select * from {{ ref('int_orders_netted') }}
),

order_rates as (
    select * from {{ ref('int_orders_rated') }}
),

refunds as (
    select * from {{ ref('int_refunds_latest') }}
),

refund_rates as (
    select * from {{ ref('int_refunds_rated') }}
),

payments as (
    select * from {{ ref('int_payments_rated') }}
),

lines as (
    select * from {{ ref('int_order_lines_costed') }}
),

cases as (
    select * from {{ ref('int_cases_rated') }}
),

marketing_spend as (
    select * from {{ ref('int_marketing_spend_rated') }}
),

campaigns as (
    select * from {{ ref('int_campaigns_rated') }}
),

category_spend as (
    select * from {{ ref('int_category_spend_rated') }}
),

-- An order that is cancelled or a test earns nothing at any rate; what was paid for it still shows.
unrated as (
    select
        'order' as record_type,
        orders.source_system,
        orders.order_id,
        orders.order_id as record_id,
        orders.currency,
        orders.ordered_on as needed_on
    from orders
    inner join netted
        on orders.source_system = netted.source_system and orders.order_id = netted.order_id
    inner join order_rates
        on
            orders.source_system = order_rates.source_system
            and orders.order_id = order_rates.order_id
    where netted.is_counted and order_rates.exchange_rate is null
    union all
    select
        'refund' as record_type,
        refunds.source_system,
        refunds.order_id,
        refunds.refund_id as record_id,
        refunds.currency,
        refunds.refunded_on as needed_on
    from refunds
    inner join refund_rates
        on
            refunds.source_system = refund_rates.source_system
            and refunds.refund_id = refund_rates.refund_id
    inner join netted
        on refunds.source_system = netted.source_system and refunds.order_id = netted.order_id
    where
        netted.is_counted
        and refunds.refunded_on <= {{ as_of_date() }}
        and refund_rates.exchange_rate is null
    union all
    select
        'payment' as record_type,
        payments.source_system,
        payments.order_id,
        payments.payment_id as record_id,
        payments.currency,
        payments.processed_on as needed_on
    from payments
    inner join netted
        on payments.source_system = netted.source_system and payments.order_id = netted.order_id
    where payments.exchange_rate is null
    union all
    select
        'cost of order line' as record_type,
        lines.source_system,
        lines.order_id,
        cast(lines.line_no as string) as record_id,
        lines.cost_currency as currency,
        orders.ordered_on as needed_on
    from lines
    inner join orders
        on lines.source_system = orders.source_system and lines.order_id = orders.order_id
    inner join netted
        on lines.source_system = netted.source_system and lines.order_id = netted.order_id
    where netted.is_counted and lines.is_cost_unrated
    union all
    select
        'compensation of case' as record_type,
        source_system,
        order_id,
        case_id as record_id,
        currency,
        opened_on as needed_on
    from cases
    where compensation <> 0 and exchange_rate is null
    union all
    select
        'marketing spend' as record_type,
        source_system,
        cast(null as string) as order_id,
        cast(spent_on as string) || '|' || channel || '|' || purpose as record_id,
        currency,
        spent_on as needed_on
    from marketing_spend
    where amount <> 0 and spent_on <= {{ as_of_date() }} and exchange_rate is null
    union all
    select
        'spend of campaign' as record_type,
        source_system,
        cast(null as string) as order_id,
        campaign_id as record_id,
        currency,
        spent_on as needed_on
    from campaigns
    where spend <> 0 and spent_on <= {{ as_of_date() }} and exchange_rate is null
    union all
    select
        'spend of category' as record_type,
        source_system,
        cast(null as string) as order_id,
        party_id || '|' || category || '|' || cast(year as string) as record_id,
        currency,
        spent_on as needed_on
    from category_spend
    where stated_amount <> 0 and exchange_rate is null
)

select * from unrated
