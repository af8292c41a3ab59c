-- Whoever is held back today is on no list, whatever else is true of them.
with listed as (
    select
        customer_key,
        'export_winback' as found_in
    from {{ ref('export_winback') }}
    union all
    select
        customer_key,
        'export_segments' as found_in
    from {{ ref('export_segments') }}
)

select
    assigned.customer_key,
    assigned.experiment,
    listed.found_in
from {{ ref('int_winback_assigned') }} as assigned
inner join listed on assigned.customer_key = listed.customer_key
where
    assigned.arm_source = 'warehouse'
    and assigned.arm = 'holdout'
    and assigned.binds_until_on >= {{ as_of_date() }}
