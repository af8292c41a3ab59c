{{ latest_versions(ref('stg_crm__accounts'), ['account_id']) }}
