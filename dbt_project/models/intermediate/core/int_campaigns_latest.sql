{{ latest_versions(ref('stg_crm__campaigns'), ['campaign_id']) }}
