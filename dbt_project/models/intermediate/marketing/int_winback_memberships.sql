-- Of two memberships that bind on one day, the warehouse's own holds, then the earlier.
with memberships as (
    select *
    from {{ ref('int_winback_assigned') }}
    where binds_until_on >= {{ as_of_date() }}
    qualify
        row_number() over (
            partition by customer_key
            order by
                arm_source desc nulls last,
                assigned_on asc nulls last,
                experiment asc nulls last
        ) = 1
)

select * from memberships
