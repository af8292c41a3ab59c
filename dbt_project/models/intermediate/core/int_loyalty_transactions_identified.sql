{{ identified_through(
    ref('int_loyalty_transactions_latest'), 'transaction_id',
    ref('int_loyalty_accounts_identified'), 'member_id'
) }}
