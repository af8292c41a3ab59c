-- title: RFM groups and what they bring
-- audience: marketing
-- answers: How many customers are in each RFM group, what did they spend, and who calls it what?
-- reads: customer_rfm
with sizes as (
    select
        score_group,
        rfm_group,
        count(*) as customer_count,
        count(*) filter (where rfm_status in ('scored', 'no_spend')) as bought_in_window,
        cast(avg(recency_days) as decimal(9, 1)) as average_recency_days,
        cast(avg(frequency_days) as decimal(9, 1)) as average_purchase_days,
        sum(monetary) as spent_in_window,
        string_agg(distinct shopify_group, ', ' order by shopify_group asc nulls last)
            as in_shopify_words,
        string_agg(distinct klaviyo_group, ', ' order by klaviyo_group asc nulls last)
            as in_klaviyo_words
    from customer_rfm
    where business_unit = 'all'
    group by score_group, rfm_group
)

select
    score_group,
    rfm_group,
    customer_count,
    cast(
        customer_count / nullif(sum(customer_count) over (partition by score_group), 0)
        as decimal(9, 4)
    ) as share_of_score_group,
    bought_in_window,
    average_recency_days,
    average_purchase_days,
    spent_in_window,
    in_shopify_words,
    in_klaviyo_words
from sizes
order by
    score_group desc nulls last,
    spent_in_window desc nulls last,
    customer_count desc nulls last,
    rfm_group asc nulls last
