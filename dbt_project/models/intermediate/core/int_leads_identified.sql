{{ identified_parties(ref('int_leads_latest'), 'lead_id', contact=false, lead='lead_id') }}
