{{ config(
    severity='warn',
    meta={'owner': 'Warehouse maintainers', 'todo': 'Look in identity_findings at what they share: a placeholder number or a shared address.'}
) }}

-- Clusters too large to be one customer: their records belong to nobody until what they share is
-- corrected at the source.
select distinct
    finding_id,
    record_count
from {{ ref('identity_findings') }}
where finding = 'quarantined_cluster'
