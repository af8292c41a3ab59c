with lapsed as (
    select *
    from {{ ref('int_customer_activity') }}
    where activity_status in ('lapsed', 'lost')
),

lifetime_values as (
    select * from {{ ref('customer_lifetime_value') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

uplifts as (
    select *
    from {{ ref('winback_uplift') }}
    where valid_from <= {{ as_of_date() }}
    qualify
        row_number() over (
            partition by activity_status order by valid_from desc nulls last
        ) = 1
),

-- The margin to expect is that of somebody who has just come back, cut by the haircut. Nothing is
-- expected of those who are not profiled.
expected as (
    select
        lapsed.customer_key,
        uplifts.p_treat,
        uplifts.p_control,
        {{ money_mul(
            'lifetime_values.clv_12m_margin_discounted_if_reactivated',
            parameter('winback_haircut')
        ) }} as expected_margin_if_won_back
    from lapsed
    inner join permissions on lapsed.customer_key = permissions.customer_key
    left join uplifts
        on
            lapsed.activity_status = uplifts.activity_status
            and not permissions.is_not_profiled
    left join lifetime_values
        on
            lapsed.customer_key = lifetime_values.customer_key
            and not permissions.is_not_profiled
),

gained as (
    select
        *,
        {{ money_mul('expected_margin_if_won_back', 'p_treat - p_control') }} as expected_gain
    from expected
),

valued as (
    select
        customer_key,
        p_treat,
        p_control,
        expected_margin_if_won_back,
        {{ money(
            'expected_gain - p_treat * ' ~ parameter('winback_offer_cost')
            ~ ' - ' ~ parameter('winback_contact_cost')
        ) }} as expected_regain_profit,
        case
            when expected_gain is not null
                then greatest({{ money(safe_divide(
                    'expected_gain - ' ~ parameter('winback_contact_cost')
                    ~ ' - ' ~ parameter('winback_min_profit'),
                    'p_treat',
                    8
                )) }}, cast(0 as decimal(18, 4)))
        end as offer_ceiling
    from gained
)

select * from valued
