"""BG/NBD: how often customers buy, and whether they still do.

A customer buys at random with rate lambda ~ Gamma(r, alpha) and becomes inactive after any
purchase with probability p ~ Beta(a, b). All times are days; ``alpha`` is in days.

Source:
    Fader, Hardie and Lee (2005), "Counting your customers" the easy way: an alternative to the
    Pareto/NBD model, Marketing Science 24(2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import special

from etl.clv.arrays import FloatArray, IndexArray, weighted_sum


@dataclass(frozen=True)
class BgNbd:
    """Population parameters, all > 0.

    Args:
        r: Shape of the purchase rate.
        alpha: Rate parameter of the purchase rate, days.
        a: First parameter of the drop-out probability.
        b: Second parameter of the drop-out probability.
    """

    r: float
    alpha: float
    a: float
    b: float


@dataclass(frozen=True)
class Histories:
    """Distinct purchase histories, arranged so that each logarithm is taken once.

    The likelihood needs a histogram of x, two sums per T and, only for repeat buyers, the
    joint (x, t_x, T). Days are looked up in ``days`` by index.
    """

    counts: FloatArray
    customers_by_count: FloatArray
    ages: FloatArray
    customers_by_age: FloatArray
    orders_by_age: FloatArray
    days: FloatArray
    repeat_orders: FloatArray
    recency_index: IndexArray
    age_index: IndexArray
    weight: FloatArray

    @property
    def customers(self) -> float:
        """Number of customers."""
        return float(self.customers_by_count.sum())


def arrange_histories(triples: pl.DataFrame) -> Histories:
    """Arrange distinct histories for the likelihood.

    Args:
        triples: One row per distinct ``repeat_orders`` (>= 0), ``recency_days`` and ``age_days``
            (days, recency <= age), with the number of ``customers`` it stands for.
    """
    by_count = triples.group_by("repeat_orders").agg(pl.col("customers").sum())
    by_age = triples.group_by("age_days").agg(
        pl.col("customers").sum(),
        (pl.col("customers") * pl.col("repeat_orders")).sum().alias("orders"),
    )
    by_count, by_age = by_count.sort("repeat_orders"), by_age.sort("age_days")
    repeaters = triples.filter(pl.col("repeat_orders") > 0).sort(
        "repeat_orders", "recency_days", "age_days"
    )
    recency, age = _floats(repeaters, "recency_days"), _floats(repeaters, "age_days")
    days, index = np.unique(np.concatenate([recency, age]), return_inverse=True)
    return Histories(
        counts=_floats(by_count, "repeat_orders"),
        customers_by_count=_floats(by_count, "customers"),
        ages=_floats(by_age, "age_days"),
        customers_by_age=_floats(by_age, "customers"),
        orders_by_age=_floats(by_age, "orders"),
        days=days,
        repeat_orders=_floats(repeaters, "repeat_orders"),
        recency_index=index[: recency.size],
        age_index=index[recency.size :],
        weight=_floats(repeaters, "customers"),
    )


def log_likelihood(histories: Histories, params: BgNbd) -> float:
    """Log-likelihood of all customers, days as the unit of time.

    Source:
        Fader, Hardie and Lee (2005), likelihood of a randomly chosen customer, in logarithms.
    """
    return value_and_gradient(histories, params)[0]


def value_and_gradient(histories: Histories, params: BgNbd) -> tuple[float, FloatArray]:
    """Log-likelihood and its gradient by (r, alpha, a, b).

    With z = ln(odds of being inactive), a repeat buyer adds
    -(r+x) ln(alpha+T) + ln(1 + e^z), so that nothing overflows.

    Source:
        Fader, Hardie and Lee (2005), the same likelihood, differentiated.
    """
    value, gradient = _alive_terms(histories, params)
    dead = _dead_terms(histories, params)
    weight = histories.weight
    chance = weight * special.expit(dead.log_odds)
    value += weighted_sum(weight, _softplus(dead.log_odds))
    gradient = gradient + np.array([weighted_sum(chance, column) for column in dead.slopes])
    return value, gradient


def hessian(histories: Histories, params: BgNbd) -> FloatArray:
    """Second derivatives of the log-likelihood by (r, alpha, a, b)."""
    result = _alive_hessian(histories, params)
    dead = _dead_terms(histories, params)
    dead_share = special.expit(dead.log_odds)
    chance = histories.weight * dead_share
    spread = chance * special.expit(-dead.log_odds)
    for i, left in enumerate(dead.slopes):
        for j, right in enumerate(dead.slopes[: i + 1]):
            result[i, j] += weighted_sum(spread * left, right)
            result[j, i] = result[i, j]
    older = dead.inverse_recency**2 - dead.inverse_age**2
    result[1, 1] += weighted_sum(chance, (params.r + histories.repeat_orders) * older)
    result[0, 1] += weighted_sum(chance, dead.inverse_age - dead.inverse_recency)
    result[1, 0] = result[0, 1]
    result[2, 2] -= float(chance.sum()) / params.a**2
    result[3, 3] += weighted_sum(chance, dead.slopes[3] ** 2)
    return result


def probability_alive(
    params: BgNbd, repeat_orders: FloatArray, recency_days: FloatArray, age_days: FloatArray
) -> FloatArray:
    """Probability that a customer is still active, 0 to 1; exactly 1 without a repeat order.

    Source:
        Fader, Hardie and Lee (2008), Computing P(alive) using the BG/NBD model.
    """
    exponent = params.r + repeat_orders
    with np.errstate(divide="ignore"):
        log_odds = np.log(
            params.a / np.maximum(params.b + repeat_orders - 1.0, 0.0)
        ) + exponent * np.log1p((age_days - recency_days) / (params.alpha + recency_days))
    alive: FloatArray = np.where(repeat_orders > 0, special.expit(-log_odds), 1.0)
    return alive


def probability_of_order(
    params: BgNbd,
    repeat_orders: FloatArray,
    recency_days: FloatArray,
    age_days: FloatArray,
    horizon_days: float,
) -> FloatArray:
    """Probability of at least one order in the next ``horizon_days``, 0 to 1.

    Equals 1 - L(x, t_x, T + t) / L(x, t_x, T): the chance that the silence does not go on.

    Source:
        Fader, Hardie and Lee (2005), ratio of the likelihoods of two histories.
    """
    growth = np.log1p(horizon_days / (params.alpha + age_days))
    alive = probability_alive(params, repeat_orders, recency_days, age_days)
    result: FloatArray = alive * -np.expm1(-(params.r + repeat_orders) * growth)
    return result


@dataclass(frozen=True)
class _DeadTerms:
    log_odds: FloatArray
    slopes: tuple[FloatArray, FloatArray, FloatArray, FloatArray]
    inverse_age: FloatArray
    inverse_recency: FloatArray


def _dead_terms(histories: Histories, params: BgNbd) -> _DeadTerms:
    """Log odds of inactivity per repeat buyer, and its slopes by the four parameters."""
    log_days = np.log(params.alpha + histories.days)
    inverse = 1.0 / (params.alpha + histories.days)
    gap = log_days[histories.age_index] - log_days[histories.recency_index]
    inverse_age, inverse_recency = inverse[histories.age_index], inverse[histories.recency_index]
    exponent = params.r + histories.repeat_orders
    remaining = params.b + histories.repeat_orders - 1.0
    log_odds = np.log(params.a / remaining) + exponent * gap
    slopes = (
        gap,
        exponent * (inverse_age - inverse_recency),
        np.full_like(gap, 1.0 / params.a),
        -1.0 / remaining,
    )
    return _DeadTerms(log_odds, slopes, inverse_age, inverse_recency)


def _alive_terms(histories: Histories, params: BgNbd) -> tuple[float, FloatArray]:
    """The part that every customer has: histogram of x and sums by T."""
    r, alpha, a, b = params.r, params.alpha, params.a, params.b
    x, n, total = histories.counts, histories.customers_by_count, histories.customers
    shifted = alpha + histories.ages
    exponent = r * histories.customers_by_age + histories.orders_by_age
    log_gammas = (
        special.gammaln(r + x)
        - special.gammaln(r)
        + (special.gammaln(b + x) - special.gammaln(b))
        - (special.gammaln(a + b + x) - special.gammaln(a + b))
    )
    value = (
        weighted_sum(n, log_gammas)
        + total * r * np.log(alpha)
        - weighted_sum(exponent, np.log(shifted))
    )
    both = special.digamma(a + b + x) - special.digamma(a + b)
    gradient = np.array(
        [
            weighted_sum(n, special.digamma(r + x) - special.digamma(r))
            + total * np.log(alpha)
            - weighted_sum(histories.customers_by_age, np.log(shifted)),
            total * r / alpha - weighted_sum(exponent, 1.0 / shifted),
            -weighted_sum(n, both),
            weighted_sum(n, special.digamma(b + x) - special.digamma(b) - both),
        ]
    )
    return value, gradient


def _alive_hessian(histories: Histories, params: BgNbd) -> FloatArray:
    r, alpha, a, b = params.r, params.alpha, params.a, params.b
    x, n, total = histories.counts, histories.customers_by_count, histories.customers
    shifted = alpha + histories.ages
    exponent = r * histories.customers_by_age + histories.orders_by_age
    both = weighted_sum(n, _trigamma(a + b + x) - _trigamma(a + b))
    result = np.zeros((4, 4))
    result[0, 0] = weighted_sum(n, _trigamma(r + x) - _trigamma(r))
    result[0, 1] = total / alpha - weighted_sum(histories.customers_by_age, 1.0 / shifted)
    result[1, 1] = -total * r / alpha**2 + weighted_sum(exponent, 1.0 / shifted**2)
    result[2, 2] = -both
    result[2, 3] = -both
    result[3, 3] = weighted_sum(n, _trigamma(b + x) - _trigamma(b)) - both
    result[1, 0], result[3, 2] = result[0, 1], result[2, 3]
    return result


def _softplus(value: FloatArray) -> FloatArray:
    """ln(1 + e^value) without overflow; several times faster than numpy's logaddexp."""
    result: FloatArray = np.maximum(value, 0.0) + np.log1p(np.exp(-np.abs(value)))
    return result


def _trigamma(value: FloatArray | float) -> FloatArray:
    result: FloatArray = special.polygamma(1, value)
    return result


def _floats(frame: pl.DataFrame, column: str) -> FloatArray:
    return frame.get_column(column).cast(pl.Float64).to_numpy()
