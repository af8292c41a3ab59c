{{ config(
    severity='warn',
    meta={'owner': 'Warehouse maintainers', 'todo': 'Correct the master of one record of each ring in the CRM; identity_findings names them.'}
) }}

-- Records that the CRM merged into each other in a ring: which of them is the master?
select distinct
    finding_id,
    record_count
from {{ ref('identity_findings') }}
where finding = 'merge_ring'
