with identities as (
    select distinct customer_key
    from {{ ref('stg_etl__identities') }}
    where customer_key is not null
),

profiles as (
    select * from {{ ref('int_customer_profiles_merged') }}
),

order_sums as (
    select * from {{ ref('int_customer_orders_summed') }}
),

business_units as (
    select * from {{ ref('int_customer_business_units_ranked') }}
    where business_unit_rank = 1
),

joined as (
    select
        identities.customer_key,
        case when profiles.is_business then 'business' else 'person' end as customer_type,
        coalesce(profiles.country, order_sums.ship_country) as country,
        coalesce(profiles.is_internal, false) as is_internal,
        coalesce(profiles.is_deceased, false) as is_deceased,
        coalesce(profiles.is_minor, false) as is_minor,
        coalesce(profiles.has_bad_debt, false) as has_bad_debt,
        coalesce(order_sums.has_fraud, false) as has_fraud,
        profiles.account_closed_on,
        coalesce(profiles.has_contact, false) as has_contact,
        coalesce(profiles.has_email, false) or coalesce(order_sums.has_email, false) as has_email,
        coalesce(profiles.has_phone, false) or coalesce(order_sums.has_phone, false) as has_phone,
        profiles.email_bounced_on,
        coalesce(profiles.email_domain, order_sums.email_domain) as email_domain,
        profiles.created_on,
        order_sums.first_ordered_on,
        order_sums.last_ordered_on,
        coalesce(order_sums.order_count, 0) as order_count,
        coalesce(order_sums.purchase_days, 0) as purchase_days,
        coalesce(order_sums.net_revenue, 0) as net_revenue,
        coalesce(order_sums.margin, 0) as margin,
        business_units.business_unit as primary_business_unit,
        coalesce(order_sums.business_unit_count, 0) as business_unit_count,
        order_sums.history_starts_on
    from identities
    left join profiles on identities.customer_key = profiles.customer_key
    left join order_sums on identities.customer_key = order_sums.customer_key
    left join business_units on identities.customer_key = business_units.customer_key
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
        end as time_class
    from joined
)

select * from customers
