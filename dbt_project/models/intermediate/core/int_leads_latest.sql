{{ latest_versions(ref('stg_crm__leads'), ['lead_id']) }}
