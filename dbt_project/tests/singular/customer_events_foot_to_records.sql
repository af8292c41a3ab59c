-- Every dated record of a known customer is in the activity stream once, and nothing else is: per
-- event type, the stream has as many rows as its records with that date have a customer.
{%- set order = ['orders', 'orders', ['order_id']] -%}
{%- set case = ['cases', 'cases', ['case_id']] -%}
{%- set step = ['case_events', 'case_events', ['event_id']] -%}
{%- set consent = ['consent_events', 'consent_events', ['consent_id']] -%}
{%- set member = [
    'campaign_members', 'campaign_members', ['campaign_id', 'party_type', 'party_id']
] -%}
{%- set account = ['loyalty_accounts', 'loyalty_accounts', ['member_id']] -%}
{%- set points = ['loyalty_transactions', 'loyalty_transactions', ['transaction_id']] -%}
{%- set lead = ['leads', 'leads', ['lead_id']] -%}
{%- set opportunity = ['opportunities', 'opportunities', ['opportunity_id']] -%}
{%- set contract = ['contracts', 'contracts', ['contract_id']] -%}
{%- set expected = [
    ['order_placed', order, 'ordered_on', 'not is_test'],
    ['order_cancelled', order, 'cancelled_on', 'not is_test'],
    ['order_delivered', order, 'delivered_on', 'not is_test'],
    ['order_refunded', ['refunds', 'refunds', ['refund_id']], 'refunded_on', 'true'],
    ['payment_charged_back', ['payments', 'payments', ['payment_id']], 'processed_on',
     "kind = 'chargeback' and status = 'success'"],
    ['case_opened', case, 'opened_on', 'true'],
    ['case_solved', case, 'solved_on', 'true'],
    ['case_apology', step, 'occurred_on', "event_type = 'apology'"],
    ['case_acknowledge', step, 'occurred_on', "event_type = 'acknowledge'"],
    ['case_solution_offered', step, 'occurred_on', "event_type = 'solution_offered'"],
    ['case_remedy_done', step, 'occurred_on', "event_type = 'remedy_done'"],
    ['case_reply', step, 'occurred_on', "event_type = 'reply'"],
    ['case_reopen', step, 'occurred_on', "event_type = 'reopen'"],
    ['survey_answered', ['survey_responses', 'survey_responses', ['response_id']],
     'responded_on', 'true'],
    ['interaction', ['interactions', 'interactions', ['interaction_id']], 'occurred_on', 'true'],
    ['consent_granted', consent, 'occurred_on', "state = 'granted'"],
    ['consent_denied', consent, 'occurred_on', "state = 'denied'"],
    ['consent_withdrawn', consent, 'occurred_on', "state = 'withdrawn'"],
    ['campaign_sent', member, 'sent_on', 'true'],
    ['campaign_responded', member, 'responded_on', 'true'],
    ['loyalty_joined', account, 'joined_on', 'true'],
    ['loyalty_left', account, 'left_on', 'true'],
    ['points_earned', points, 'occurred_on', "kind = 'earn'"],
    ['points_burned', points, 'occurred_on', "kind = 'burn'"],
    ['points_expired', points, 'occurred_on', "kind = 'expire'"],
    ['points_adjusted', points, 'occurred_on', "kind = 'adjust'"],
    ['points_reversed', points, 'occurred_on', "kind = 'reverse'"],
    ['referral_made', ['referrals', 'referrals', ['referral_id']], 'referred_on', 'true'],
    ['referral_received', ['referrals', 'referees', ['referral_id']], 'referred_on', 'true'],
    ['contract_started', contract, 'starts_on', 'true'],
    ['contract_cancelled', contract, 'cancelled_on', 'true'],
    ['lead_created', lead, 'created_on', 'true'],
    ['lead_converted', lead, 'converted_on', 'true'],
    ['opportunity_opened', opportunity, 'created_on', 'true'],
    ['opportunity_won', opportunity, 'closed_on', 'is_won'],
    ['opportunity_lost', opportunity, 'closed_on', 'not is_won'],
    ['opportunity_closed', opportunity, 'closed_on', 'is_won is null'],
] %}

with expected as (
    {% for event_type, records, day, condition in expected -%}
    select
        '{{ event_type }}' as event_type,
        count(*) as expected_count
    from {{ ref('int_' ~ records[0] ~ '_latest') }}
    where
        {{ day }} <= {{ as_of_date() }}
        and {{ condition }}
        and ({{ (['source_system'] + records[2]) | join(', ') }}) in (
            select {{ (['source_system'] + records[2]) | join(', ') }}
            from {{ ref('int_' ~ records[1] ~ '_identified') }}
            where customer_key is not null
        )
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

found as (
    select
        event_type,
        count(*) as found_count
    from {{ ref('customer_events') }}
    group by event_type
)

select
    coalesce(expected.event_type, found.event_type) as event_type,
    coalesce(expected.expected_count, 0) as expected_count,
    coalesce(found.found_count, 0) as found_count
from expected
full join found on expected.event_type = found.event_type
where coalesce(expected.expected_count, 0) <> coalesce(found.found_count, 0)
