with case_signals as (
    select *
    from {{ ref('int_case_signals') }}
    where
        {{ days_between('opened_on', as_of_date()) }}
        <= {{ parameter('loyalty_signal_window_days') }}
),

-- A payment that the customer had the bank take back.
chargebacks as (
    select
        orders.customer_key,
        payments.payment_id
    from {{ ref('int_payments_latest') }} as payments
    inner join {{ ref('int_orders_valued') }} as orders
        on
            payments.source_system = orders.source_system
            and payments.order_id = orders.order_id
    where
        payments.kind = 'chargeback'
        and payments.status = 'success'
        and orders.customer_key is not null
        and payments.processed_on <= {{ as_of_date() }}
        and {{ days_between('payments.processed_on', as_of_date()) }}
        <= {{ parameter('loyalty_signal_window_days') }}
),

-- Somebody else bought on the customer's word, and money stayed.
recommendations as (
    select recommenders.customer_key
    from {{ ref('int_referrals_latest') }} as referrals
    inner join {{ ref('int_referrals_identified') }} as recommenders
        on
            referrals.source_system = recommenders.source_system
            and referrals.referral_id = recommenders.referral_id
    inner join {{ ref('int_orders_valued') }} as orders
        on
            coalesce(referrals.order_system, referrals.source_system) = orders.source_system
            and referrals.converted_order_id = orders.order_id
    where
        recommenders.customer_key is not null
        and coalesce(orders.customer_key, '') <> recommenders.customer_key
        and orders.is_net_purchase
        and {{ days_between('orders.ordered_on', as_of_date()) }}
        <= {{ parameter('loyalty_signal_window_days') }}
),

last_intents as (
    select *
    from {{ ref('survey_responses') }}
    where
        survey_type = 'intent'
        and customer_key is not null
        and responded_on <= {{ as_of_date() }}
        and {{ days_between('responded_on', as_of_date()) }}
        <= {{ parameter('loyalty_signal_window_days') }}
    qualify
        row_number() over (
            partition by customer_key
            order by
                responded_at desc nulls last,
                satisfaction_score asc nulls last,
                source_system asc nulls last,
                response_id asc nulls last
        ) = 1
),

signalled as (
    select
        customer_key,
        is_critical,
        is_praise as is_advocacy,
        is_wish_to_leave
    from case_signals
    union all
    select
        customer_key,
        true as is_critical,
        false as is_advocacy,
        false as is_wish_to_leave
    from chargebacks
    union all
    select
        customer_key,
        false as is_critical,
        true as is_advocacy,
        false as is_wish_to_leave
    from recommendations
    union all
    select
        customer_key,
        false as is_critical,
        false as is_advocacy,
        satisfaction_score <= {{ parameter('loyalty_intent_leave_max') }} as is_wish_to_leave
    from last_intents
),

signals as (
    select
        customer_key,
        bool_or(is_critical) as has_critic_signal,
        bool_or(is_advocacy) as has_advocacy,
        bool_or(is_wish_to_leave) as has_wish_to_leave
    from signalled
    group by customer_key
)

select * from signals
