{% set parameters = {'gamma_gamma': ['p', 'q', 'gamma'], 'unit_mean': ['mean_spend']} -%}

with models as (
    select * from {{ ref('int_clv_models_in_force') }}
    where model <> 'none'
),

parameters as (
    select * from {{ ref('stg_etl__clv_parameters') }}
),

-- One estimate per cell: the maximum only moves it into its column.
pivoted as (
    select
        models.business_unit,
        models.model_segment,
        models.run_cutoff_on
        {%- for model, names in parameters.items() %}{% for name in names %},
        max(
            case
                when parameters.model = '{{ model }}' and parameters.parameter = '{{ name }}'
                    then parameters.estimate
            end
        ) as {{ model }}_{{ name }}
        {%- endfor %}{% endfor %}
    from models
    inner join parameters
        on
            models.business_unit = parameters.business_unit
            and models.model_segment = parameters.model_segment
            and models.run_cutoff_on = parameters.run_cutoff_on
    group by models.business_unit, models.model_segment, models.run_cutoff_on
)

select * from pivoted
