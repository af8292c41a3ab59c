{% set parts = ['goods', 'unassigned', 'gift_cards', 'shipping', 'tax'] -%}

with refunds as (
    select * from {{ ref('int_refunds_latest') }}
    where refunded_on <= {{ as_of_date() }}
),

rates as (
    select * from {{ ref('int_refunds_rated') }}
),

currencies as (
    select * from {{ ref('currencies') }}
),

refund_lines as (
    select * from {{ ref('int_refund_lines_summed') }}
),

-- Lines say what was goods; without lines the total less its stated tax and shipping still has to
-- be told apart.
stated as (
    select
        refunds.source_system,
        refunds.refund_id,
        refunds.order_id,
        refunds.refunded_at,
        rates.exchange_rate,
        rates.order_exchange_rate,
        rates.currency = rates.order_currency or rates.order_currency is null as is_own_currency,
        currencies.minor_unit_digits,
        coalesce(refund_lines.line_count, 0) as line_count,
        coalesce(refund_lines.item_quantity, 0) as item_quantity,
        coalesce(refund_lines.goods, 0) as goods,
        coalesce(refund_lines.gift_cards, 0) as gift_cards,
        coalesce(refund_lines.returned_cost_amount, 0) as returned_cost_amount,
        coalesce(refunds.refund_shipping, 0) as shipping,
        coalesce(refunds.refund_tax, 0) as tax,
        case
            when refund_lines.refund_id is not null then 0
            else
                refunds.refund_total
                - coalesce(refunds.refund_tax, 0) - coalesce(refunds.refund_shipping, 0)
        end as unassigned,
        refunds.refund_tax is null and refunds.refund_shipping is null as has_no_parts
    from refunds
    inner join rates
        on
            refunds.source_system = rates.source_system
            and refunds.refund_id = rates.refund_id
    left join refund_lines
        on
            refunds.source_system = refund_lines.source_system
            and refunds.refund_id = refund_lines.refund_id
    left join currencies on rates.order_currency = currencies.currency
),

-- What is stated becomes reporting currency straight away, at the refund's own rate. Each part is
-- the rounded running total less the one before it, so that the parts add up to the refund's own
-- converted amount. `_own` is in the order's currency: only there can the rest be compared with
-- what the order has left.
converted as (
    select
        source_system,
        refund_id,
        order_id,
        refunded_at,
        order_exchange_rate,
        line_count,
        item_quantity,
        returned_cost_amount,
        {%- for part in parts %}
        cast(
            {{ to_reporting(parts[:loop.index] | join(' + '), 'exchange_rate') }}
            {%- if not loop.first %}
            - {{ to_reporting(parts[:loop.index0] | join(' + '), 'exchange_rate') }}
            {%- endif %}
            as decimal(18, 4)
        ) as {{ part }}_amount,
        case
            when is_own_currency then cast({{ part }} as decimal(18, 4))
            else
                {{ money_share(
                    part, 'exchange_rate', 'order_exchange_rate', 'minor_unit_digits', scale=12
                ) }}
        end as {{ part }}_own,
        {%- endfor %}
        has_no_parts
    from stated
)

select * from converted
