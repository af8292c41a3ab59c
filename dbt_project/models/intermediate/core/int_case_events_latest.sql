{{ latest_versions(ref('stg_crm__case_events'), ['event_id']) }}
