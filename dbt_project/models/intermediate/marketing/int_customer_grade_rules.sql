with facts as (
    select * from {{ ref('int_customer_grade_facts') }}
),

-- The first rule that matches; one cycle is the customer's expected gap.
ruled as (
    select
        *,
        case
            when is_internal then 'MG01_INTERNAL'
            when purchase_days = 0 then 'MG02_NO_PURCHASE'
            when is_not_profiled then 'MG03_NOT_PROFILED'
            when
                coalesce(pareto_class, 'none') = 'A'
                and quarters_active >= {{ parameter('grade_key_quarters_min') }}
                then 'MG11_KEY'
            when has_contract then 'MG21_CONTRACT'
            when is_strategic then 'MG22_STRATEGIC'
            when is_growth_top then 'MG23_GROWTH'
            when purchase_days = 1 and days_since_last > cycle_days then 'MG31_ONE_OFF'
            when purchase_days = 1 then 'MG41_NEW'
            else 'MG51_REGULAR'
        end as rule_id
    from facts
),

-- What we think of a customer and what the customer is told are two things. The grade is measured
-- as suits the type of customer; the tier from purchase days alone, which anybody can count.
graded as (
    select
        *,
        case
            when is_internal or purchase_days = 0 then 'none'
            when is_not_profiled then 'not_profiled'
            when grade_method = 'margin' then coalesce(pareto_class, 'D')
            when rfm_total is null then 'none'
            when rfm_total >= {{ parameter('grade_a_rfm_min') }} then 'A'
            when rfm_total >= {{ parameter('grade_b_rfm_min') }} then 'B'
            when rfm_total >= {{ parameter('grade_c_rfm_min') }} then 'C'
            else 'D'
        end as internal_grade,
        case
            when is_internal or purchase_days = 0 then 'none'
            when is_not_profiled then 'not_profiled'
            when recent_purchase_days >= {{ parameter('grade_public_gold_days_min') }} then 'gold'
            when
                recent_purchase_days >= {{ parameter('grade_public_silver_days_min') }}
                then 'silver'
            when recent_purchase_days >= 1 then 'member'
            else 'none'
        end as public_tier
    from ruled
)

select * from graded
