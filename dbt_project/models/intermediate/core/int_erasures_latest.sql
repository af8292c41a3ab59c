{{ latest_versions(ref('stg_crm__erasures'), ['request_id']) }}
