{{ config(materialized='view') }}
{%- set order = {
    'name': 'order', 'keys': ['order_id'],
    'latest': ref('int_orders_latest'), 'parties': ref('int_orders_identified')
} -%}
{%- set refund = {
    'name': 'refund', 'keys': ['refund_id'],
    'latest': ref('int_refunds_latest'), 'parties': ref('int_refunds_identified')
} -%}
{%- set payment = {
    'name': 'payment', 'keys': ['payment_id'],
    'latest': ref('int_payments_latest'), 'parties': ref('int_payments_identified')
} -%}

with placed as (
    {{ dated_events(
        order, "'order_placed'", at='ordered_at', condition='not records.is_test',
        channel='records.channel', detail='records.business_unit',
        amount='records.total', currency='records.currency', rates=ref('int_orders_rated')
    ) | indent(4) }}
),

cancelled as (
    {{ dated_events(
        order, "'order_cancelled'", at='cancelled_at', condition='not records.is_test',
        channel='records.channel', detail='records.business_unit'
    ) | indent(4) }}
),

delivered as (
    {{ dated_events(
        order, "'order_delivered'", at='delivered_at', condition='not records.is_test',
        channel='records.channel', detail='records.business_unit'
    ) | indent(4) }}
),

refunded as (
    {{ dated_events(
        refund, "'order_refunded'", at='refunded_at', detail='records.reason',
        amount='records.refund_total', currency='records.currency', rates=ref('int_refunds_rated')
    ) | indent(4) }}
),

charged_back as (
    {{ dated_events(
        payment, "'payment_charged_back'", at='processed_at',
        condition="records.kind = 'chargeback' and records.status = 'success'",
        detail='records.gateway',
        amount='records.amount', currency='records.currency', rates=ref('int_payments_rated')
    ) | indent(4) }}
),

listed as (
    select * from placed
    union all
    select * from cancelled
    union all
    select * from delivered
    union all
    select * from refunded
    union all
    select * from charged_back
)

select * from listed
