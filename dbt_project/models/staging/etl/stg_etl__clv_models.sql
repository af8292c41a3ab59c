with source as (
    select * from {{ source('etl', 'clv_models') }}
),

renamed as (
    select
        run_cutoff_on,
        business_unit,
        model_segment,
        in_force_from,
        model,
        spend_model,
        choice_code,
        choice_reason,
        sufficiency,
        sufficiency_code,
        sufficiency_reason,
        customers as customer_count,
        repeat_customers as repeat_customer_count
    from source
)

select * from renamed
