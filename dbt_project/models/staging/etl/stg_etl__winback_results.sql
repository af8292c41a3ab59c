with source as (
    select * from {{ source('etl', 'winback_results') }}
),

renamed as (
    select
        experiment,
        arm_source,
        stratum,
        arm,
        assigned_from_on,
        assigned_to_on,
        reads_on,
        read_on,
        customers as customer_count,
        returned,
        return_rate,
        return_rate_low,
        return_rate_high,
        net_revenue,
        margin,
        uplift,
        uplift_low,
        uplift_high,
        minimum_detectable_effect,
        strata_compared,
        incremental_margin,
        incremental_margin_low,
        incremental_margin_high,
        incremental_margin_per_customer,
        incremental_margin_per_customer_low,
        incremental_margin_per_customer_high,
        minimum_detectable_margin_per_customer,
        cost,
        cost_basis,
        roi,
        material_difference,
        verdict
    from source
)

select * from renamed
