-- Consent events that no customer could be found for: what they say is not obeyed. A phone number
-- alone never identifies a customer.
{{ config(severity='warn', meta={'owner': 'Warehouse maintainers'}) }}

select
    source_system,
    consent_id
from {{ ref('int_consent_events_identified') }}
where customer_key is null
