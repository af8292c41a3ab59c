with facts as (
    select * from {{ ref('int_customer_loyalty_facts') }}
),

-- Always filled: what behaviour alone says, for the many who never answer a survey.
segmented as (
    select
        customer_key,
        case
            when purchase_days = 0 then 'no_purchase'
            when is_not_profiled then 'not_profiled'
            when activity_status in ('lapsed', 'lost') then activity_status
            when tenure_days <= {{ parameter('loyalty_too_new_days') }} then 'newcomer'
            when behavioural_score >= {{ parameter('loyalty_score_high_min') }}
                then 'frequent'
            else 'occasional'
        end as behavioural_segment
    from facts
)

select * from segmented
