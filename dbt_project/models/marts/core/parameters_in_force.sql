with in_force as (
    select * from {{ ref('int_parameters_in_force') }}
),

parameters as (
    select * from {{ ref('parameters') }}
),

satisfaction as (
    {{ settings_in_force(
        ref('satisfaction_thresholds'), ['survey_type', 'scale_min', 'scale_max']
    ) | indent(4) }}
),

parameters_in_force as (
    select
        in_force.parameter,
        in_force.value,
        in_force.unit,
        in_force.valid_from,
        parameters.source,
        parameters.description,
        {{ as_of_date() }} as as_of_date
    from in_force
    inner join parameters
        on
            in_force.parameter = parameters.parameter
            and in_force.valid_from = parameters.valid_from
    union all
    -- The thresholds of satisfaction have a scale and so a seed of their own.
    select
        'satisfaction_high_from_' || survey_type
        || '_' || cast(cast(scale_min as bigint) as string)
        || '_' || cast(cast(scale_max as bigint) as string) as parameter,
        cast(high_from as decimal(18, 6)) as value,
        'points of the scale' as unit,
        valid_from,
        source,
        'Answers from here on are high satisfaction.' as description,
        {{ as_of_date() }} as as_of_date
    from satisfaction
)

select * from parameters_in_force
