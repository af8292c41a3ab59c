{{ latest_versions(ref('stg_crm__reps'), ['rep_id']) }}
