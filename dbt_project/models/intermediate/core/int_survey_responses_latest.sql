{{ latest_versions(ref('stg_crm__survey_responses'), ['response_id']) }}
