-- Refunds whose lines, tax and shipping do not add up to their own total by more than a coin of
-- their currency. The parts are believed: what no part names is in no figure.
{{ config(severity='warn', meta={'owner': 'Warehouse maintainers'}) }}

with refunds as (
    select * from {{ ref('int_refunds_latest') }}
),

lines as (
    select * from {{ ref('int_refund_lines_summed') }}
),

currencies as (
    select * from {{ ref('currencies') }}
),

compared as (
    select
        refunds.source_system,
        refunds.refund_id,
        refunds.currency,
        refunds.refund_total,
        lines.goods + lines.gift_cards
        + coalesce(refunds.refund_tax, 0) + coalesce(refunds.refund_shipping, 0) as sum_of_parts,
        {{ coin('currencies.minor_unit_digits') }} as coin
    from refunds
    inner join lines
        on refunds.source_system = lines.source_system and refunds.refund_id = lines.refund_id
    left join currencies on refunds.currency = currencies.currency
)

select *
from compared
where abs(refund_total - sum_of_parts) > coin
