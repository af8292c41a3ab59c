{{ latest_versions(ref('stg_crm__loyalty_transactions'), ['transaction_id']) }}
