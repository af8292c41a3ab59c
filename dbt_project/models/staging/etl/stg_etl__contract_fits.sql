with source as (
    select * from {{ source('etl', 'contract_fits') }}
),

renamed as (
    select
        run_cutoff_on,
        in_force_from,
        period_months,
        model,
        sufficiency,
        sufficiency_code,
        sufficiency_reason,
        contracts as contract_count,
        lost_contracts as lost_contract_count,
        alpha,
        beta,
        alpha_standard_error,
        beta_standard_error,
        log_likelihood
    from source
)

select * from renamed
