with customers as (
    select * from {{ ref('customers') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

activity as (
    select * from {{ ref('int_customer_activity') }}
),

scores as (
    select * from {{ ref('int_customer_loyalty_scores') }}
),

satisfaction as (
    select * from {{ ref('int_customer_satisfaction') }}
),

signals as (
    select * from {{ ref('int_customer_signals') }}
),

discounts as (
    select * from {{ ref('int_customer_discount_shares') }}
),

-- What may not be used is not carried any further: nobody downstream has to remember it.
joined as (
    select
        customers.customer_key,
        coalesce(customers.is_internal, false) as is_internal,
        permissions.is_not_profiled,
        permissions.is_profiling_objected,
        customers.purchase_days,
        activity.activity_status,
        {{ days_between('customers.first_ordered_on', as_of_date()) }} as tenure_days,
        satisfaction.satisfaction_score,
        satisfaction.is_high as is_satisfaction_high,
        satisfaction.satisfaction_basis,
        satisfaction.survey_type,
        satisfaction.responded_on as satisfaction_responded_on,
        case
            when not permissions.is_not_profiled then scores.behavioural_score
        end as behavioural_score,
        case
            when not permissions.is_not_profiled then discounts.discount_share
        end as discount_share,
        case
            when permissions.is_not_profiled then 'none'
            else scores.components_available
        end as components_available,
        coalesce(signals.has_critic_signal, false) as has_critic_signal,
        coalesce(signals.has_advocacy, false) as has_advocacy,
        coalesce(signals.has_wish_to_leave, false)
        or activity.closed_on is not null as has_wish_to_leave
    from customers
    inner join permissions on customers.customer_key = permissions.customer_key
    inner join activity on customers.customer_key = activity.customer_key
    inner join scores on customers.customer_key = scores.customer_key
    left join satisfaction on customers.customer_key = satisfaction.customer_key
    left join signals
        on
            customers.customer_key = signals.customer_key
            and not permissions.is_not_profiled
    left join discounts on customers.customer_key = discounts.customer_key
),

flagged as (
    select
        *,
        nullif(
            concat_ws(
                ';',
                case when is_internal then 'internal' end,
                case when is_not_profiled then 'not_profiled' end,
                case when has_critic_signal then 'critic' end,
                case when has_advocacy then 'advocacy' end,
                case when has_wish_to_leave then 'leaving' end
            ),
            ''
        ) as flags
    from joined
)

select * from flagged
