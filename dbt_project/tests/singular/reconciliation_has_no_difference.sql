-- Two amounts that must be equal and are not: the finance tables would tell a lie.
-- What to do: look at the check's two sides, and at what changed in the models between them.
select *
from {{ ref('reconciliation') }}
where difference <> 0
