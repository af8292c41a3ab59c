{{ identified_parties(
    ref('int_interactions_latest'), 'interaction_id', account='account_id', lead='lead_id'
) }}
