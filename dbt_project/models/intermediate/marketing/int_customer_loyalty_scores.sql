with activity as (
    select * from {{ ref('int_customer_activity') }}
),

customers as (
    select * from {{ ref('customers') }}
),

repeat_days as (
    select
        customer_key,
        cast(count(*) as bigint) as repeat_days
    from {{ ref('int_customer_purchase_days') }}
    where
        purchase_no >= 2
        and {{ days_between('ordered_on', as_of_date()) }}
        <= {{ parameter('loyalty_score_window_days') }}
    group by customer_key
),

stated as (
    select
        customer_key,
        bool_or(survey_type <> 'intent') as has_affective,
        bool_or(survey_type = 'intent') as has_conative
    from {{ ref('survey_responses') }}
    where
        survey_type in ('csat', 'nps', 'intent')
        and responded_on <= {{ as_of_date() }}
        and {{ days_between('responded_on', as_of_date()) }}
        <= {{ parameter('satisfaction_window_days') }}
    group by customer_key
),

-- Each part between 0 and 1; null for those who never bought.
parts as (
    select
        customers.customer_key,
        customers.first_ordered_on is not null as has_behaviour,
        coalesce(stated.has_affective, false) as has_affective,
        coalesce(stated.has_conative, false) as has_conative,
        {{ share_of_full(
            'coalesce(repeat_days.repeat_days, 0)', parameter('loyalty_repeat_full_days')
        ) }} as repeat_part,
        {{ share_of_full(
            parameter('loyalty_recency_ratio_zero') ~ ' - activity.recency_ratio',
            parameter('loyalty_recency_ratio_span')
        ) }} as recency_part,
        {{ share_of_full(
            days_between('customers.first_ordered_on', as_of_date()),
            parameter('loyalty_tenure_full_days')
        ) }} as tenure_part
    from customers
    inner join activity on customers.customer_key = activity.customer_key
    left join repeat_days on customers.customer_key = repeat_days.customer_key
    left join stated on customers.customer_key = stated.customer_key
),

-- The share of customer is not known here, so the other weights are brought back to 1.
scored as (
    select
        customer_key,
        case
            when has_behaviour then cast(
                {{ safe_divide(
                    '100 * (repeat_part * ' ~ parameter('loyalty_repeat_weight')
                    ~ ' + recency_part * ' ~ parameter('loyalty_recency_weight')
                    ~ ' + tenure_part * ' ~ parameter('loyalty_tenure_weight') ~ ')',
                    parameter('loyalty_repeat_weight')
                    ~ ' + ' ~ parameter('loyalty_recency_weight')
                    ~ ' + ' ~ parameter('loyalty_tenure_weight'),
                    6
                ) }} as decimal(18, 6)
            )
        end as behavioural_score,
        coalesce(
            nullif(
                case when has_affective then 'A' else '' end
                || case when has_behaviour then 'B' else '' end
                || case when has_conative then 'C' else '' end,
                ''
            ),
            'none'
        ) as components_available,
        repeat_part,
        recency_part,
        tenure_part
    from parts
)

select * from scored
