with activity as (
    select * from {{ ref('int_customer_activity') }}
),

customers as (
    select * from {{ ref('customers') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

stated as (
    select * from {{ ref('int_customer_stated_scores') }}
),

shares as (
    select * from {{ ref('int_customer_category_shares') }}
),

repeat_days as (
    select
        customer_key,
        cast(count(*) as bigint) as repeat_days
    from {{ ref('int_customer_purchase_days') }}
    where
        purchase_no >= 2
        and {{ days_between('ordered_on', as_of_date()) }}
        < {{ parameter('loyalty_score_window_days') }}
    group by customer_key
),

-- Who bought something has behaviour, if it may be looked at.
observed as (
    select
        customer_key,
        first_ordered_on
    from customers
    where first_ordered_on is not null
),

-- Each part between 0 and 1, null where it is not known. What may not be used stops here.
parts as (
    select
        permissions.customer_key,
        permissions.is_not_profiled,
        case
            when observed.customer_key is not null
                then
                    {{ share_of_full(
                        'coalesce(repeat_days.repeat_days, 0)',
                        parameter('loyalty_repeat_full_days')
                    ) }}
        end as repeat_part,
        {{ share_of_full(
            parameter('loyalty_recency_ratio_zero') ~ ' - activity.recency_ratio',
            parameter('loyalty_recency_ratio_span')
        ) }} as recency_part,
        case when observed.customer_key is not null then shares.share_of_customer end
            as share_part,
        {{ share_of_full(
            days_between('observed.first_ordered_on', as_of_date()),
            parameter('loyalty_tenure_full_days')
        ) }} as tenure_part,
        stated.satisfaction_part,
        stated.recommendation_part,
        stated.identification_part,
        stated.intent_part
    from permissions
    left join observed
        on
            permissions.customer_key = observed.customer_key
            and not permissions.is_not_profiled
    left join activity on observed.customer_key = activity.customer_key
    left join repeat_days on observed.customer_key = repeat_days.customer_key
    left join shares on observed.customer_key = shares.customer_key
    left join stated
        on
            permissions.customer_key = stated.customer_key
            and not permissions.is_not_profiled
)

select * from parts
