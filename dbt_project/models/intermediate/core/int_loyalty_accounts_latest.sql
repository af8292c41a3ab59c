{{ latest_versions(ref('stg_crm__loyalty_accounts'), ['member_id']) }}
