{{ latest_versions(
    ref('stg_crm__category_spend'), ['party_type', 'party_id', 'category', 'year']
) }}
