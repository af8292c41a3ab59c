{{ identified_parties(ref('int_consent_events_latest'), 'consent_id', email='email_token') }}
