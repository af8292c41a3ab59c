{{ latest_versions(ref('stg_crm__cases'), ['case_id']) }}
