with costs as (
    select * from {{ ref('int_product_costs_latest') }}
),

dated as (
    select
        source_system,
        sku,
        valid_from,
        -- First day of the next cost. A far day and not null: a join on "or is null" has no key.
        coalesce(
            lead(valid_from) over (
                partition by source_system, sku order by valid_from asc nulls last
            ),
            cast('9999-12-31' as date)
        ) as valid_before,
        unit_cost,
        currency,
        case when cost_basis = 'generated' then 'generated_cost' else 'product_cost' end
            as cost_basis
    from costs
)

select * from dated
