{{ latest_versions(ref('stg_crm__opportunities'), ['opportunity_id']) }}
