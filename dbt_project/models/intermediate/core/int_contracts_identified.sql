{{ identified_parties(
    ref('int_contracts_latest'), 'contract_id', contact=false, account='account_id'
) }}
