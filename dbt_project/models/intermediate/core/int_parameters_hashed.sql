with parameters as (
    select * from {{ ref('int_parameters_in_force') }}
),

-- One row even when there is nothing to hash: an aggregate without a group.
hashed as (
    select
        md5(
            coalesce(
                {{ joined_text(
                    "parameter || '=' || cast(value as string)", "';'", 'parameter asc nulls last'
                ) }},
                ''
            )
        ) as params_hash
    from parameters
)

select * from hashed
