-- title: Where satisfaction is unknown
-- audience: marketing
-- answers: Of which buyers do we not know how satisfied they are, and what revenue is theirs?
-- reads: loyalty_segments, customers
with buyers as (
    select
        customers.primary_business_unit,
        loyalty_segments.behavioural_segment,
        loyalty_segments.satisfaction_score is not null as is_known,
        customers.has_email,
        customers.net_revenue
    from loyalty_segments
    inner join customers on loyalty_segments.customer_key = customers.customer_key
    where customers.order_count > 0
),

coverage as (
    select
        primary_business_unit,
        behavioural_segment,
        count(*) as buyer_count,
        count(*) filter (where is_known) as known_count,
        count(*) filter (where not is_known and has_email) as unknown_with_email_count,
        coalesce(sum(net_revenue) filter (where not is_known), 0) as unknown_net_revenue
    from buyers
    group by primary_business_unit, behavioural_segment
)

select
    primary_business_unit,
    behavioural_segment,
    buyer_count,
    known_count,
    cast(known_count / nullif(buyer_count, 0) as decimal(9, 4)) as known_share,
    unknown_with_email_count,
    unknown_net_revenue
from coverage
order by
    unknown_net_revenue desc nulls last,
    primary_business_unit asc nulls last,
    behavioural_segment asc nulls last
