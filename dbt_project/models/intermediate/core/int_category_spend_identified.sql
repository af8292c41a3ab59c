{{ identified_typed_parties(
    ref('int_category_spend_latest'), ['party_type', 'party_id', 'category', 'year']
) }}
