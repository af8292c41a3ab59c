{{ latest_versions(ref('stg_crm__contracts'), ['contract_id']) }}
