{{ latest_versions(ref('stg_crm__referrals'), ['referral_id']) }}
