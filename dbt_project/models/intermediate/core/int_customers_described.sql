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

natures as (
    select * from {{ ref('customer_natures') }}
),

described as (
    select
        identities.customer_key,
        case when profiles.is_business then 'business' else 'person' end as customer_type,
        -- A word for the nature says more than one for the type of business with them.
        case
            when not coalesce(profiles.is_business, false) then 'individual'
            else coalesce(by_nature.nature, by_type.nature, 'unknown')
        end as nature,
        coalesce(by_nature.is_strategic, false) or coalesce(by_type.is_strategic, false)
            as is_strategic,
        profiles.nature_word,
        profiles.type_word,
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
    left join natures as by_nature on profiles.nature_word = by_nature.word
    left join natures as by_type on profiles.type_word = by_type.word
)

select * from described
