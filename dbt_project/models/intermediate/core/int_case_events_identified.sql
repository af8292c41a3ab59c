{{ identified_through(
    ref('int_case_events_latest'), 'event_id', ref('int_cases_identified'), 'case_id'
) }}
