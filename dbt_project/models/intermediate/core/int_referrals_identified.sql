{{ identified_parties(
    ref('int_referrals_latest'), 'referral_id', contact='referrer_contact_id'
) }}
