with source as (
    select * from {{ source('etl', 'clv_models') }}
),

renamed as (
    select
        run_cutoff_on,
        business_unit,
        in_force_from,
        model,
        sufficiency,
        sufficiency_code,
        sufficiency_reason,
        customers as customer_count,
        repeat_customers as repeat_customer_count,
        bg_nbd_log_likelihood,
        gamma_gamma_log_likelihood
    from source
)

select * from renamed
