{{ identified_parties(
    ref('int_opportunities_latest'), 'opportunity_id', account='account_id'
) }}
