{{ config(materialized='view') }}
{%- set case = {
    'name': 'case', 'keys': ['case_id'],
    'latest': ref('int_cases_latest'), 'parties': ref('int_cases_identified')
} -%}
{%- set case_event = {
    'name': 'case_event', 'keys': ['event_id'],
    'latest': ref('int_case_events_latest'), 'parties': ref('int_case_events_identified')
} -%}
{%- set survey_response = {
    'name': 'survey_response', 'keys': ['response_id'],
    'latest': ref('int_survey_responses_latest'),
    'parties': ref('int_survey_responses_identified')
} -%}
{%- set interaction = {
    'name': 'interaction', 'keys': ['interaction_id'],
    'latest': ref('int_interactions_latest'), 'parties': ref('int_interactions_identified')
} -%}

with cases_opened as (
    {{ dated_events(
        case, "'case_opened'", at='opened_at', channel='records.origin', detail='records.type'
    ) | indent(4) }}
),

cases_solved as (
    {{ dated_events(
        case, "'case_solved'", at='solved_at', channel='records.origin', detail='records.type'
    ) | indent(4) }}
),

case_steps as (
    {{ dated_events(
        case_event, "'case_' || records.event_type", at='occurred_at', detail='records.case_id',
        is_automatic='records.is_auto'
    ) | indent(4) }}
),

surveys_answered as (
    {{ dated_events(
        survey_response, "'survey_answered'", at='responded_at', detail='records.survey_type'
    ) | indent(4) }}
),

interactions as (
    {{ dated_events(
        interaction, "'interaction'", at='occurred_at', channel='records.channel',
        direction='records.direction', detail='records.type', is_automatic='records.is_auto'
    ) | indent(4) }}
),

listed as (
    select * from cases_opened
    union all
    select * from cases_solved
    union all
    select * from case_steps
    union all
    select * from surveys_answered
    union all
    select * from interactions
)

select * from listed
