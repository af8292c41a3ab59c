-- Who stays though dissatisfied needs service, no offer: none of them is to be won back, has a
-- ceiling for an offer or is on the list that carries one.
with trapped as (
    select customer_key
    from {{ ref('loyalty_segments') }}
    where satisfaction_loyalty_subclass = 'trapped'
)

select
    trapped.customer_key,
    'winback_targets' as found_in
from trapped
inner join {{ ref('winback_targets') }} as targets on trapped.customer_key = targets.customer_key
where targets.is_eligible or targets.offer_ceiling is not null
union all
select
    trapped.customer_key,
    'export_winback' as found_in
from trapped
inner join {{ ref('export_winback') }} as listed on trapped.customer_key = listed.customer_key
