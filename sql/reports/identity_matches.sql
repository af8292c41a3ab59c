-- title: How records became customers
-- audience: data
-- answers: By which rule were the records of each system tied to a customer, and how surely?
-- reads: customer_identities
select
    source_system,
    entity,
    rule,
    count(*) as record_count,
    count(distinct customer_key) as customer_count,
    min(confidence) as lowest_confidence
from customer_identities
group by source_system, entity, rule
order by source_system asc nulls last, entity asc nulls last, rule asc nulls last
