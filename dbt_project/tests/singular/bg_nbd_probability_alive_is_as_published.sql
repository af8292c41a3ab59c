-- P(alive) of the one macro against known values, at the published parameters of the CDNOW sample
-- (Fader, Hardie and Lee 2005), times in weeks: the customer with 26 repeat orders, a silence of
-- seven weeks, the limit of no silence at all (b + x - 1 over a + b + x - 1), a one-time buyer, and
-- a silence so long that the power itself would overflow.
with histories as (
    select
        known.repeat_orders,
        known.recency,
        known.age,
        known.expected
    from (
        values
        (26, 30.857, 31.0, 0.96885),
        (2, 30.43, 38.86, 0.726609),
        (1, 10.0, 10.0, 0.753661),
        (0, 0.0, 5000.0, 1.0),
        (900, 1000.0, 50000.0, 0.0)
    ) as known (repeat_orders, recency, age, expected)
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
