with cells as (
    select * from {{ ref('int_winback_cells') }}
),

lifetime_values as (
    select * from {{ ref('customer_lifetime_value') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions') }}
),

chances as (
    select * from {{ ref('int_winback_uplifts_assigned') }}
),

-- The margin to expect is that of somebody who has just come back, cut by the haircut. Nothing is
-- expected of those who are not profiled.
expected as (
    select
        cells.customer_key,
        chances.p_treat,
        chances.p_control,
        chances.uplift_basis,
        {{ money_mul(
            'lifetime_values.clv_12m_margin_discounted_if_reactivated',
            parameter('winback_haircut')
        ) }} as expected_margin_if_won_back
    from cells
    inner join permissions on cells.customer_key = permissions.customer_key
    left join chances
        on cells.customer_key = chances.customer_key and not permissions.is_not_profiled
    left join lifetime_values
        on
            cells.customer_key = lifetime_values.customer_key
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
        uplift_basis,
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
