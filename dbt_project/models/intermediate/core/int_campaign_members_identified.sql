{{ identified_typed_parties(
    ref('int_campaign_members_latest'), ['campaign_id', 'party_type', 'party_id']
) }}
