-- Each of the 25 cells stands in each preset: where one is missing, customers would have no group.
-- That a cell has not two is the seed's test one_in_force.
select
    preset,
    count(distinct 10 * r_score + fm_score) as cells
from {{ ref('rfm_groups') }}
group by preset
having count(distinct 10 * r_score + fm_score) <> 25
union all
select
    'presets' as preset,
    count(distinct preset) as cells
from {{ ref('rfm_groups') }}
having count(distinct preset) <> 3
