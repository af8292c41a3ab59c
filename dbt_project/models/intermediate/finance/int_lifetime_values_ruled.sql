with units as (
    select * from {{ ref('int_customer_units_valued') }}
),

summaries as (
    select * from {{ ref('int_clv_summaries') }}
),

models as (
    select * from {{ ref('int_clv_models_assigned') }}
),

excluded as (
    select * from {{ ref('int_clv_exclusions') }}
),

unit_histories as (
    select
        business_unit,
        max(age_days) as history_days
    from summaries
    group by business_unit
),

ruled as (
    select
        units.customer_key,
        units.business_unit,
        summaries.segment,
        summaries.repeat_orders,
        summaries.recency_days,
        summaries.age_days,
        summaries.spend_occasions,
        summaries.first_ordered_on,
        summaries.first_spend,
        unit_histories.history_days,
        models.model_segment,
        models.run_cutoff_on,
        models.model,
        models.spend_model,
        models.choice_code,
        models.sufficiency,
        coalesce(excluded.sufficiency_code, models.sufficiency_code) as sufficiency_code,
        coalesce(excluded.sufficiency_reason, models.sufficiency_reason) as sufficiency_reason,
        case
            when excluded.rule_id is not null then excluded.rule_id
            when summaries.customer_key is null then 'CV31_NO_PURCHASE'
            when models.model = 'unit_average' then 'CV13_UNIT_AVERAGE'
            when models.model <> 'none' then 'CV11_FORECAST'
            else 'CV21_NO_MODEL'
        end as rule_id
    from units
    left join summaries
        on
            units.customer_key = summaries.customer_key
            and units.business_unit = summaries.business_unit
    left join unit_histories on units.business_unit = unit_histories.business_unit
    left join models
        on
            summaries.business_unit = models.business_unit
            and summaries.segment = models.segment
    left join excluded on units.customer_key = excluded.customer_key
),

judged as (
    select
        *,
        rule_id in ('CV11_FORECAST', 'CV13_UNIT_AVERAGE') as is_forecast,
        -- No repeat order was paid for, or there is none and the first one was free: nothing is
        -- known of this customer's spend.
        rule_id in ('CV11_FORECAST', 'CV13_UNIT_AVERAGE')
        and spend_occasions = 0
        and (repeat_orders > 0 or first_spend is null) as is_never_paid
    from ruled
),

described as (
    select
        customer_key,
        business_unit,
        segment,
        repeat_orders,
        recency_days,
        age_days,
        spend_occasions,
        first_ordered_on,
        history_days,
        is_forecast,
        case when is_forecast then model else 'none' end as model,
        case when is_forecast then spend_model end as spend_model,
        case when is_forecast then model_segment end as model_segment,
        case
            when is_forecast
                then cast(run_cutoff_on as string) || '/' || business_unit || '/' || model_segment
        end as model_run_id,
        case when is_forecast then choice_code end as choice_code,
        case when is_forecast then run_cutoff_on end as clv_cutoff_on,
        case
            when not is_forecast then 'none'
            when spend_model = 'unit_mean' then 'unit'
            when spend_occasions = 0 then 'population'
            else 'own'
        end as spend_basis,
        case
            when not is_forecast then 'insufficient'
            when is_never_paid and sufficiency = 'sufficient' then 'sufficient_with_caveat'
            else sufficiency
        end as sufficiency,
        case
            when rule_id = 'CV31_NO_PURCHASE' then 'no_purchase'
            when is_never_paid and sufficiency = 'sufficient' then 'never_paid'
            else coalesce(sufficiency_code, 'not_fitted')
        end as sufficiency_code,
        case
            when rule_id = 'CV31_NO_PURCHASE' then 'Every order came back whole or was no purchase.'
            else
                coalesce(sufficiency_reason, 'No model was fitted for this unit yet.')
                || case
                    when is_never_paid and first_spend is null
                        then ' No order was paid for: the spend is everyone''s mean.'
                    when is_never_paid
                        then ' No repeat order was paid for: the spend is everyone''s mean.'
                    else ''
                end
        end as sufficiency_reason,
        rule_id
    from judged
)

select * from described
