-- title: Records to look at
-- audience: data
-- answers: Which merge rings and quarantined clusters are there, how large, and what do they share?
-- reads: identity_findings
select
    finding,
    finding_id,
    record_count,
    shared_rule,
    shared_entity,
    shared_id,
    shared_by,
    min(source_system || ' ' || entity || ' ' || source_id) as first_record
from identity_findings
group by
    finding,
    finding_id,
    record_count,
    shared_rule,
    shared_entity,
    shared_id,
    shared_by
order by record_count desc nulls last, finding_id asc nulls last, finding asc nulls last
