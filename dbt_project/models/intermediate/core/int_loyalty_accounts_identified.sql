{{ identified_parties(ref('int_loyalty_accounts_latest'), 'member_id') }}
