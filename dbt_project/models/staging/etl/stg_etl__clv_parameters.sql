with source as (
    select * from {{ source('etl', 'clv_parameters') }}
),

renamed as (
    select
        run_cutoff_on,
        business_unit,
        model_segment,
        in_force_from,
        model,
        parameter,
        estimate,
        standard_error,
        covariance,
        log_likelihood,
        customers as customer_count,
        is_selected
    from source
)

select * from renamed
