-- title: What a win-back campaign may cost and bring
-- audience: finance
-- answers: What would writing to everybody on the list bring, and up to what offer would it pay?
-- reads: winback_targets
with listed as (
    select *
    from winback_targets
    where is_eligible and arm = 'treatment'
)

select
    activity_status,
    uplift_basis,
    count(*) as customer_count,
    sum(expected_margin_if_won_back) as expected_margin_if_all_came_back,
    cast(sum(p_treat - p_control) as decimal(18, 2)) as expected_extra_customers,
    sum(expected_regain_profit) as expected_regain_profit,
    cast(avg(offer_ceiling) as decimal(18, 2)) as average_offer_ceiling,
    max(offer_ceiling) as highest_offer_ceiling
from listed
group by activity_status, uplift_basis
order by activity_status asc nulls last, uplift_basis asc nulls last
