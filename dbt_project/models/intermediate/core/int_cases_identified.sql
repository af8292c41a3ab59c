{{ identified_parties(
    ref('int_cases_latest'), 'case_id', account='account_id', email='email_token', order='order_id'
) }}
