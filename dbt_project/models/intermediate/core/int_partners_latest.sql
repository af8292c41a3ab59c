{{ latest_versions(ref('stg_crm__partners'), ['partner_id']) }}
