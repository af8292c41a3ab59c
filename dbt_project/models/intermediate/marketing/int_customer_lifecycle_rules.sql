with customers as (
    select * from {{ ref('customers') }}
),

qualifications as (
    select * from {{ ref('int_customer_qualifications') }}
),

signals as (
    select * from {{ ref('int_customer_signals') }}
),

facts as (
    select
        customers.customer_key,
        customers.purchase_days,
        {{ days_between('customers.first_ordered_on', as_of_date()) }} as first_age_days,
        qualifications.is_qualified_lead,
        qualifications.has_open_opportunity,
        qualifications.has_responded,
        coalesce(signals.has_advocacy, false) as has_advocacy
    from customers
    inner join qualifications on customers.customer_key = qualifications.customer_key
    left join signals on customers.customer_key = signals.customer_key
),

-- From the top down, the first rule that matches; no recency, lapsing is the other axis.
ruled as (
    select
        *,
        case
            when purchase_days >= {{ parameter('lifecycle_stable_days_min') }}
                then case
                    when has_advocacy then 'LS61_ADVOCATE'
                    else 'LS51_STABLE'
                end
            when purchase_days >= {{ parameter('lifecycle_experiencing_days_min') }}
                then 'LS41_EXPERIENCING'
            when
                purchase_days >= 1
                and first_age_days > {{ parameter('lifecycle_first_time_max_days') }}
                then 'LS42_ONE_PURCHASE_OLD'
            when purchase_days >= 1 then 'LS31_FIRST_TIME'
            when is_qualified_lead then 'LS21_QUALIFIED'
            when has_open_opportunity then 'LS23_OPEN_OPPORTUNITY'
            when has_responded then 'LS22_RESPONDED'
            else 'LS11_SUSPECT'
        end as rule_id
    from facts
)

select * from ruled
