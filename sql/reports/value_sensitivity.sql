-- title: How much the customers' value hangs on what is assumed
-- audience: finance
-- answers: What if money cost one point more or less, or margins were 10 % off, by shop?
-- reads: customer_lifetime_value_parts
with totals as (
    select
        business_unit,
        count(*) filter (where clv_36m_margin_discounted is not null) as customer_count,
        sum(clv_36m_margin_discounted) as clv_36m_margin_discounted,
        sum(clv_36m_margin_discounted_rate_plus_1pp) as rate_plus_1pp,
        sum(clv_36m_margin_discounted_rate_minus_1pp) as rate_minus_1pp,
        sum(clv_36m_margin_discounted_margin_minus_10pct) as margin_minus_10pct,
        sum(clv_36m_margin_discounted_margin_plus_10pct) as margin_plus_10pct,
        sum(clv_residual_margin_discounted) as residual,
        sum(clv_residual_margin_discounted_rate_plus_1pp) as residual_rate_plus_1pp,
        sum(clv_residual_margin_discounted_rate_minus_1pp) as residual_rate_minus_1pp,
        sum(clv_residual_margin_discounted_after_60m) as residual_after_60m,
        sum(clv_residual_margin_discounted_after_120m) as residual_after_120m
    from customer_lifetime_value_parts
    group by business_unit
)

select
    *,
    cast(residual_after_60m / nullif(residual, 0) as decimal(9, 4)) as share_after_5_years,
    cast(residual_after_120m / nullif(residual, 0) as decimal(9, 4)) as share_after_10_years
from totals
order by business_unit asc nulls last
