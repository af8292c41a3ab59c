{{ identified_parties(ref('int_cases_latest'), 'case_id') }}
