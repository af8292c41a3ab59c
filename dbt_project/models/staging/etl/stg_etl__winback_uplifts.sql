with source as (
    select * from {{ source('etl', 'winback_uplifts') }}
),

renamed as (
    select
        activity_status,
        recency_band,
        frequency_band,
        loss_reason,
        levels,
        own_arm,
        own_levels,
        p_treat,
        p_control,
        customers as customer_count,
        uplift_basis
    from source
)

select * from renamed
