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

contracts as (
    select * from {{ ref('int_customer_contracts') }}
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
        satisfaction.satisfaction_score_lowest,
        satisfaction.satisfaction_respondents,
        satisfaction.is_high as is_satisfaction_high,
        satisfaction.satisfaction_basis,
        satisfaction.survey_type,
        satisfaction.responded_on as satisfaction_responded_on,
        scores.behavioural_score,
        scores.affective_score,
        scores.components_available,
        coalesce(contracts.switching_barrier, 'unknown') as switching_barrier,
        case
            when not permissions.is_not_profiled then discounts.discount_share
        end as discount_share,
        coalesce(signals.has_critic_signal, false) as has_critic_signal,
        coalesce(signals.has_advocacy, false) as has_advocacy,
        coalesce(contracts.is_ending, false) as is_contract_ending,
        coalesce(signals.has_wish_to_leave, false)
        or coalesce(contracts.is_ending, false)
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
    left join contracts
        on
            customers.customer_key = contracts.customer_key
            and not permissions.is_not_profiled
),

flagged as (
    select
        *,
        nullif(
            concat_ws(
                ';',
                case when is_internal then 'internal' end,
                case when is_not_profiled then 'not_profiled' end,
                case when purchase_days = 0 then 'no_purchase' end,
                case when has_critic_signal then 'critic' end,
                case when has_advocacy then 'advocacy' end,
                case when has_wish_to_leave then 'leaving' end,
                case when is_contract_ending then 'contract_ending' end,
                case
                    when switching_barrier in ('contract', 'sole_source') then switching_barrier
                end
            ),
            ''
        ) as flags
    from joined
)

select * from flagged
