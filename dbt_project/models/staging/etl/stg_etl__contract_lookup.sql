with source as (
    select * from {{ source('etl', 'contract_lookup') }}
),

renamed as (
    select
        run_cutoff_on,
        periods_survived,
        days_to_renewal,
        p_renewal_next,
        expected_renewals_10,
        discounted_renewals
    from source
)

select * from renamed
