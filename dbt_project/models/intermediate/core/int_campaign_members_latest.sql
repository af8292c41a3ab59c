{{ latest_versions(ref('stg_crm__campaign_members'), ['campaign_id', 'party_type', 'party_id']) }}
