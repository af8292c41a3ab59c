{{ identified_parties(ref('int_survey_responses_latest'), 'response_id') }}
