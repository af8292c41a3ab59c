-- Purposes of marketing spend that the seed does not know. They count as other, and so neither in
-- CAC nor in retention cost.
{{ config(severity='warn', meta={'owner': 'Warehouse maintainers'}) }}

select
    costs.purpose,
    count(*) as record_count,
    sum(costs.amount) as amount
from {{ ref('int_marketing_costs_classed') }} as costs
left join {{ ref('marketing_purposes') }} as purposes on costs.purpose = purposes.purpose
where purposes.purpose is null
group by costs.purpose
