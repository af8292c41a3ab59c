{{ identified_parties(
    ref('int_leads_latest'), 'lead_id',
    contact='converted_contact_id', account='converted_account_id', email='email_token'
) }}
