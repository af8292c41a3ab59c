with changes as (
    select * from {{ ref('int_class_changes') }}
),

-- A row per class becomes a pair of columns per class.
loyalty_changes as (
    select
        customer_key,
        max(case when domain = 'satisfaction_loyalty_class' then previous_code end)
            as previous_satisfaction_loyalty_class,
        max(case when domain = 'satisfaction_loyalty_class' then changed_on end)
            as satisfaction_loyalty_class_changed_on,
        max(case when domain = 'satisfaction_loyalty_subclass' then previous_code end)
            as previous_satisfaction_loyalty_subclass,
        max(case when domain = 'satisfaction_loyalty_subclass' then changed_on end)
            as satisfaction_loyalty_subclass_changed_on,
        max(case when domain = 'dick_basu_class' then previous_code end)
            as previous_dick_basu_class,
        max(case when domain = 'dick_basu_class' then changed_on end)
            as dick_basu_class_changed_on,
        max(case when domain = 'behavioural_segment' then previous_code end)
            as previous_behavioural_segment,
        max(case when domain = 'behavioural_segment' then changed_on end)
            as behavioural_segment_changed_on
    from changes
    group by customer_key
)

select * from loyalty_changes
