{{ latest_versions(ref('stg_crm__marketing_spend'), ['spent_on', 'channel', 'purpose']) }}
