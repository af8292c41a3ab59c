{{ identified_parties(
    ref('int_referrals_latest'), 'referral_id',
    contact='referee_contact_id', email='referee_email_token', order='converted_order_id'
) }}
