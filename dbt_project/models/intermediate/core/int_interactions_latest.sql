{{ latest_versions(ref('stg_crm__interactions'), ['interaction_id']) }}
