with source as (
    select * from {{ source('etl', 'clv_alive') }}
),

renamed as (
    select
        run_cutoff_on,
        business_unit,
        model_segment,
        repeat_orders,
        recency_days,
        age_days,
        spend_occasions,
        p_alive,
        lapse_gap_days,
        spend_p10_factor,
        spend_p90_factor
    from source
)

select * from renamed
