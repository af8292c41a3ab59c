{{ config(materialized='view') }}
{%- set consent_event = {
    'name': 'consent_event', 'keys': ['consent_id'],
    'latest': ref('int_consent_events_latest'), 'parties': ref('int_consent_events_identified')
} -%}
{%- set campaign_member = {
    'name': 'campaign_member', 'keys': ['campaign_id', 'party_type', 'party_id'],
    'latest': ref('int_campaign_members_latest'),
    'parties': ref('int_campaign_members_identified')
} -%}
{%- set loyalty_account = {
    'name': 'loyalty_account', 'keys': ['member_id'],
    'latest': ref('int_loyalty_accounts_latest'),
    'parties': ref('int_loyalty_accounts_identified')
} -%}
{%- set loyalty_transaction = {
    'name': 'loyalty_transaction', 'keys': ['transaction_id'],
    'latest': ref('int_loyalty_transactions_latest'),
    'parties': ref('int_loyalty_transactions_identified')
} -%}
{%- set referral = {
    'name': 'referral', 'keys': ['referral_id'],
    'latest': ref('int_referrals_latest'), 'parties': ref('int_referrals_identified')
} -%}
{%- set referee = {
    'name': 'referral', 'keys': ['referral_id'],
    'latest': ref('int_referrals_latest'), 'parties': ref('int_referees_identified')
} -%}

with consents as (
    {{ dated_events(
        consent_event, "'consent_' || records.state", at='occurred_at', channel='records.channel',
        detail='records.purpose'
    ) | indent(4) }}
),

campaigns_sent as (
    {{ dated_events(
        campaign_member, "'campaign_sent'", at='sent_at', detail='records.campaign_id'
    ) | indent(4) }}
),

campaigns_answered as (
    {{ dated_events(
        campaign_member, "'campaign_responded'", at='responded_at', detail='records.campaign_id'
    ) | indent(4) }}
),

members_joined as (
    {{ dated_events(
        loyalty_account, "'loyalty_joined'", on='joined_on', detail='records.programme'
    ) | indent(4) }}
),

members_left as (
    {{ dated_events(
        loyalty_account, "'loyalty_left'", on='left_on', detail='records.programme'
    ) | indent(4) }}
),

points_moved as (
    {{ dated_events(
        loyalty_transaction,
        "case records.kind when 'earn' then 'points_earned' when 'burn' then 'points_burned'"
        ~ " when 'expire' then 'points_expired' when 'adjust' then 'points_adjusted'"
        ~ " when 'reverse' then 'points_reversed' end",
        at='occurred_at', points='records.points'
    ) | indent(4) }}
),

referrals_made as (
    {{ dated_events(
        referral, "'referral_made'", at='referred_at'
    ) | indent(4) }}
),

referrals_received as (
    {{ dated_events(
        referee, "'referral_received'", at='referred_at'
    ) | indent(4) }}
),

listed as (
    select * from consents
    union all
    select * from campaigns_sent
    union all
    select * from campaigns_answered
    union all
    select * from members_joined
    union all
    select * from members_left
    union all
    select * from points_moved
    union all
    select * from referrals_made
    union all
    select * from referrals_received
)

select * from listed
