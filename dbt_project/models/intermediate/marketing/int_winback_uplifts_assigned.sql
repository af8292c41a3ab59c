with cells as (
    select * from {{ ref('int_winback_cells') }}
),

uplifts as (
    select * from {{ ref('stg_etl__winback_uplifts') }}
),

own_spells as (
    select *
    from {{ ref('int_winback_outcomes') }}
    where is_lesson and is_current_spell
),

assumed as (
    select * from {{ ref('int_winback_uplifts_assumed') }}
),

-- How much of the cell the customer's own current spell has helped to teach.
traced as (
    select
        cells.customer_key,
        cells.activity_status,
        cells.recency_band,
        cells.frequency_band,
        cells.loss_reason,
        own_spells.arm as own_arm,
        case
            when own_spells.customer_key is null then 0
            when own_spells.activity_status <> cells.activity_status then 0
            when own_spells.recency_band <> cells.recency_band then 1
            when own_spells.frequency_band <> cells.frequency_band then 2
            when own_spells.loss_reason <> cells.loss_reason then 3
            else 4
        end as levels_shared
    from cells
    left join own_spells on cells.customer_key = own_spells.customer_key
),

-- The narrowest cell around the customer that an experiment has met, without their own trace.
learnt as (
    select
        traced.customer_key,
        uplifts.levels,
        uplifts.p_treat,
        uplifts.p_control,
        uplifts.customer_count,
        uplifts.uplift_basis
    from traced
    inner join uplifts
        on
            traced.activity_status = uplifts.activity_status
            and uplifts.recency_band in (traced.recency_band, 'all')
            and uplifts.frequency_band in (traced.frequency_band, 'all')
            and uplifts.loss_reason in (traced.loss_reason, 'all')
            and uplifts.own_levels = least(traced.levels_shared, uplifts.levels)
            and uplifts.own_arm
            = case when traced.levels_shared > 0 then traced.own_arm else 'none' end
    qualify
        row_number() over (
            partition by traced.customer_key order by uplifts.levels desc nulls last
        ) = 1
),

assigned as (
    select
        cells.customer_key,
        cast(coalesce(learnt.p_treat, assumed.p_treat) as decimal(9, 6)) as p_treat,
        cast(coalesce(learnt.p_control, assumed.p_control) as decimal(9, 6)) as p_control,
        coalesce(learnt.uplift_basis, 'assumed') as uplift_basis,
        coalesce(learnt.customer_count, 0) as customers_learnt_from
    from cells
    left join learnt on cells.customer_key = learnt.customer_key
    left join assumed on cells.activity_status = assumed.activity_status
)

select * from assigned
