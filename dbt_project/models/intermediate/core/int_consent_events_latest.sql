{{ latest_versions(ref('stg_crm__consent_events'), ['consent_id']) }}
