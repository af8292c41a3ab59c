with described as (
    select * from {{ ref('int_customers_described') }}
),

dealings as (
    select * from {{ ref('int_customer_dealings') }}
),

pareto as (
    select * from {{ ref('int_customers_pareto_classed') }}
),

-- A no on one channel is a no: a profile has no channel.
profiling as (
    select
        customer_key,
        bool_or(not is_granted) as is_objected
    from {{ ref('consents') }}
    where purpose = 'profiling'
    group by customer_key
),

joined as (
    select
        described.*,
        dealings.has_past_transaction,
        dealings.has_ongoing_transaction,
        dealings.has_upcoming_transaction,
        coalesce(profiling.is_objected, false) as is_profiling_objected,
        pareto.pareto_class
    from described
    inner join dealings on described.customer_key = dealings.customer_key
    left join pareto on described.customer_key = pareto.customer_key
    left join profiling on described.customer_key = profiling.customer_key
),

customers as (
    select
        customer_key,
        customer_type,
        country,
        is_internal,
        is_deceased,
        is_minor,
        has_bad_debt,
        has_fraud,
        account_closed_on,
        has_contact,
        has_email,
        has_phone,
        email_bounced_on,
        email_domain,
        created_on,
        first_ordered_on,
        last_ordered_on,
        cast(order_count as bigint) as order_count,
        cast(purchase_days as bigint) as purchase_days,
        cast(net_revenue as decimal(18, 4)) as net_revenue,
        cast(margin as decimal(18, 4)) as margin,
        primary_business_unit,
        cast(business_unit_count as bigint) as business_unit_count,
        history_starts_on,
        coalesce(
            first_ordered_on
            < {{ date_plus('history_starts_on', parameter('left_censor_window_days')) }},
            false
        ) as is_left_censored,
        case
            when order_count = 0 then 'prospect'
            when
                {{ days_between('first_ordered_on', as_of_date()) }}
                <= {{ parameter('time_class_new_days') }}
                then 'new'
            else 'established'
        end as time_class,
        nature,
        case
            when has_ongoing_transaction then 'ongoing'
            when has_upcoming_transaction then 'upcoming'
            when has_past_transaction then 'past'
            else 'none'
        end as transaction_status,
        has_past_transaction,
        has_ongoing_transaction,
        has_upcoming_transaction,
        is_profiling_objected,
        case when not (is_profiling_objected or is_minor) then pareto_class end as pareto_class
    from joined
)

select * from customers
