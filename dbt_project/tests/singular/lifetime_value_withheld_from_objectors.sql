-- Who objects to profiling, and who is a minor, has no forecast under their name: no chance to be
-- alive, no expected order, no value of any year. What they bought stays: finance must foot.
with objectors as (
    select customer_key
    from {{ ref('consents') }}
    where purpose = 'profiling' and not is_granted
    union distinct
    select customer_key
    from {{ ref('customers') }}
    where is_minor
)

select
    objectors.customer_key,
    'customer_lifetime_value' as found_in
from objectors
inner join {{ ref('customer_lifetime_value') }} as clv
    on objectors.customer_key = clv.customer_key
where
    clv.model <> 'none'
    or clv.p_alive is not null
    or clv.p_order_12m is not null
    or clv.expected_orders_12m is not null
    or clv.clv_12m_margin_discounted is not null
    or clv.clv_36m_margin_discounted is not null
    or clv.clv_total_margin is not null
union all
select
    objectors.customer_key,
    'customer_lifetime_value_parts' as found_in
from objectors
inner join {{ ref('customer_lifetime_value_parts') }} as parts
    on objectors.customer_key = parts.customer_key
where
    parts.model <> 'none'
    or parts.p_alive is not null
    or parts.clv_12m_margin_discounted is not null
union all
select
    objectors.customer_key,
    'customer_lifetime_value_horizons' as found_in
from objectors
inner join {{ ref('customer_lifetime_value_horizons') }} as horizons
    on objectors.customer_key = horizons.customer_key
