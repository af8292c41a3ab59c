{{ latest_versions(ref('stg_crm__contacts'), ['contact_id']) }}
