{{ config(materialized='view') }}
{%- set lead = {
    'name': 'lead', 'keys': ['lead_id'],
    'latest': ref('int_leads_latest'), 'parties': ref('int_leads_identified')
} -%}
{%- set opportunity = {
    'name': 'opportunity', 'keys': ['opportunity_id'],
    'latest': ref('int_opportunities_latest'), 'parties': ref('int_opportunities_identified')
} -%}
{%- set contract = {
    'name': 'contract', 'keys': ['contract_id'],
    'latest': ref('int_contracts_latest'), 'parties': ref('int_contracts_identified')
} -%}

with leads_created as (
    {{ dated_events(
        lead, "'lead_created'", at='created_at', detail='records.source'
    ) | indent(4) }}
),

leads_converted as (
    {{ dated_events(
        lead, "'lead_converted'", at='converted_at', detail='records.source'
    ) | indent(4) }}
),

opportunities_opened as (
    {{ dated_events(
        opportunity, "'opportunity_opened'", at='created_at', detail='records.stage',
        amount='records.amount', currency='records.currency', rates=ref('int_opportunities_rated')
    ) | indent(4) }}
),

opportunities_closed as (
    {{ dated_events(
        opportunity,
        "case when records.is_won then 'opportunity_won' when not records.is_won"
        ~ " then 'opportunity_lost' else 'opportunity_closed' end",
        at='closed_at', detail='records.stage',
        amount='records.amount', currency='records.currency', rates=ref('int_opportunities_rated')
    ) | indent(4) }}
),

contracts_started as (
    {{ dated_events(contract, "'contract_started'", on='starts_on') | indent(4) }}
),

contracts_cancelled as (
    {{ dated_events(
        contract, "'contract_cancelled'", at='cancelled_at', detail='records.cancel_reason'
    ) | indent(4) }}
),

listed as (
    select * from leads_created
    union all
    select * from leads_converted
    union all
    select * from opportunities_opened
    union all
    select * from opportunities_closed
    union all
    select * from contracts_started
    union all
    select * from contracts_cancelled
)

select * from listed
