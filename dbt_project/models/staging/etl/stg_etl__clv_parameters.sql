with source as (
    select * from {{ source('etl', 'clv_parameters') }}
),

renamed as (
    select
        run_cutoff_on,
        business_unit,
        model,
        parameter,
        estimate,
        in_force_from
    from source
)

select * from renamed
