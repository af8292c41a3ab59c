-- P(alive) of the one macro against known values, at the published parameters of the CDNOW sample
-- (Fader, Hardie and Lee 2005), times in weeks: the customer with 26 repeat orders, a silence of
-- seven weeks, the limit of no silence at all (b + x - 1 over a + b + x - 1), a one-time buyer, and
-- a silence so long that the power itself would overflow.
with histories as (
    select 26 as repeat_orders, 30.857 as recency, 31.0 as age, 0.96885 as expected
    union all
    select 2, 30.43, 38.86, 0.726609
    union all
    select 1, 10.0, 10.0, 0.753661
    union all
    select 0, 0.0, 5000.0, 1.0
    union all
    select 900, 1000.0, 50000.0, 0.0
),

compared as (
    select
        *,
        {{ bg_nbd_probability_alive(
            'repeat_orders', 'cast(recency as double)', 'cast(age as double)',
            'cast(0.242595 as double)', 'cast(4.413602 as double)',
            'cast(0.792922 as double)', 'cast(2.425907 as double)'
        ) }} as computed
    from histories
)

select *
from compared
where computed is null or abs(computed - cast(expected as double)) > 0.000005
