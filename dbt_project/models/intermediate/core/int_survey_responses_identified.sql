{{ identified_parties(
    ref('int_survey_responses_latest'), 'response_id',
    account='account_id', email='email_token', order='order_id'
) }}
