with summaries as (
    select * from {{ ref('int_clv_summaries') }}
),

models as (
    select * from {{ ref('int_clv_models_in_force') }}
),

segments as (
    select distinct
        business_unit,
        segment
    from summaries
),

unit_models as (
    select * from models
    where model_segment = 'all'
),

segment_models as (
    select * from models
    where model_segment <> 'all' and model <> 'none'
),

-- A segment with a fit of its own is scored by it, every other one by the unit's.
assigned as (
    select
        segments.business_unit,
        segments.segment,
        coalesce(segment_models.model_segment, unit_models.model_segment) as model_segment
    from segments
    inner join unit_models on segments.business_unit = unit_models.business_unit
    left join segment_models
        on
            segments.business_unit = segment_models.business_unit
            and segments.segment = segment_models.model_segment
),

described as (
    select
        assigned.business_unit,
        assigned.segment,
        assigned.model_segment,
        models.run_cutoff_on,
        models.in_force_from,
        models.model,
        models.spend_model,
        models.choice_code,
        models.choice_reason,
        models.sufficiency,
        models.sufficiency_code,
        models.sufficiency_reason
    from assigned
    inner join models
        on
            assigned.business_unit = models.business_unit
            and assigned.model_segment = models.model_segment
)

select * from described
