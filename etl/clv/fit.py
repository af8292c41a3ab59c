"""Maximum likelihood: several starts, L-BFGS-B, then Newton, and an honest verdict.

Both models are fitted on the logarithms of their parameters, so that these stay positive, and
on distinct weighted rows in sorted order, so that the order of delivery cannot move a digit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import optimize

from etl.clv import bg_nbd, gamma_gamma
from etl.clv.arrays import FloatArray, weighted_sum
from etl.clv.bg_nbd import BgNbd
from etl.clv.errors import FitNotConverged
from etl.clv.gamma_gamma import GammaGamma

STORED_DIGITS = 10
# A logarithm this far from its start is a parameter running away: exp(14) is over a million.
_FARTHEST = 14.0
# Of the mean log-likelihood by the log parameters: at this slope ten digits stand still.
_FLAT = 1e-10
_NEWTON_STEPS = 30
# (r, a, b); alpha starts at r times the mean age, one order a lifetime.
_BG_NBD_STARTS = ((0.5, 0.8, 2.5), (1.5, 0.3, 3.0), (0.2, 2.0, 6.0))
# (p, q); gamma starts where the population mean is the observed one.
_GAMMA_GAMMA_STARTS = ((6.0, 4.0), (2.0, 3.0), (15.0, 8.0))

_DRAFT_ROWS = 20_000

Objective = Callable[[FloatArray], tuple[float, FloatArray]]


@dataclass(frozen=True)
class Problem:
    """A log-likelihood by its natural parameters, to be maximised.

    Args:
        names: Names of the parameters, in order.
        customers: Number of customers; scales the convergence test.
        value_and_gradient: Log-likelihood and gradient.
        hessian: Second derivatives.
        starts: Points to start from.
    """

    names: tuple[str, ...]
    customers: float
    value_and_gradient: Objective
    hessian: Callable[[FloatArray], FloatArray]
    starts: Sequence[FloatArray]


@dataclass(frozen=True)
class Maximum:
    """Where the log-likelihood is greatest, and how that was found.

    Args:
        estimates: Parameters, rounded to the digits that are stored.
        log_likelihood: At the unrounded maximum.
        customers: Customers behind it.
        evaluations: Evaluations of the log-likelihood, all starts together.
    """

    estimates: FloatArray
    log_likelihood: float
    customers: int
    evaluations: int


def fit_bg_nbd(triples: pl.DataFrame) -> tuple[BgNbd, Maximum]:
    """Fit BG/NBD.

    Args:
        triples: As :func:`etl.clv.bg_nbd.arrange_histories` takes them.

    Raises:
        FitNotConverged: Nobody ordered twice, a parameter runs away, or no true maximum.

    Source:
        Fader, Hardie and Lee (2005), likelihood of a randomly chosen customer.
    """
    triples = triples.sort("repeat_orders", "recency_days", "age_days")
    if triples.filter(pl.col("repeat_orders") > 0).is_empty():
        raise FitNotConverged("No customer ordered on a second day.", where="bg_nbd")
    maximum = maximise(_bg_nbd_problem(triples), _bg_nbd_problem(_thin(triples)), "bg_nbd")
    return _bg_nbd(maximum.estimates), maximum


def fit_gamma_gamma(pairs: pl.DataFrame) -> tuple[GammaGamma, Maximum]:
    """Fit Gamma-Gamma.

    Args:
        pairs: As :func:`etl.clv.gamma_gamma.arrange_spends` takes them.

    Raises:
        FitNotConverged: No spend at all, a parameter runs away, or the mean does not exist.

    Source:
        Fader and Hardie (2013), eq. (1a).
    """
    if pairs.is_empty():
        raise FitNotConverged("No repeat order has spend.", where="gamma_gamma")
    pairs = pairs.sort("spend_occasions", "mean_spend")
    problem, draft = _gamma_gamma_problem(pairs), _gamma_gamma_problem(_thin(pairs))
    maximum = maximise(problem, draft, "gamma_gamma")
    params = _gamma_gamma(maximum.estimates)
    if params.q <= 1.0:
        raise FitNotConverged(
            f"The mean spend of the population does not exist (q = {params.q:.4g}, needs > 1).",
            where="gamma_gamma",
        )
    return params, maximum


def maximise(problem: Problem, draft: Problem, where: str) -> Maximum:
    """Climb from every start on the draft, then from its best point on all, then Newton.

    Args:
        problem: What is to be maximised.
        draft: The same over some of its rows: finds the right hill at a small price.
        where: Name of the model, for the message.

    Raises:
        FitNotConverged: The message says which parameter or which test failed.
    """
    climbs = [_climb(_on_logarithms(draft), np.log(start)) for start in draft.starts]
    best = min(climbs, key=lambda climb: float(climb.fun))
    climbs.append(_climb(_on_logarithms(problem), np.asarray(best.x)))
    point = _finish(problem, np.asarray(climbs[-1].x), where)
    estimates = np.array([_stored(value) for value in np.exp(point)])
    return Maximum(
        estimates=estimates,
        log_likelihood=problem.value_and_gradient(np.exp(point))[0],
        customers=round(problem.customers),
        evaluations=sum(int(climb.nfev) for climb in climbs),
    )


def _bg_nbd_problem(triples: pl.DataFrame) -> Problem:
    histories = bg_nbd.arrange_histories(triples)
    mean_age = weighted_sum(histories.customers_by_age, histories.ages) / histories.customers
    return Problem(
        names=("r", "alpha", "a", "b"),
        customers=histories.customers,
        value_and_gradient=lambda v: bg_nbd.value_and_gradient(histories, _bg_nbd(v)),
        hessian=lambda v: bg_nbd.hessian(histories, _bg_nbd(v)),
        starts=[np.array([r, max(r * mean_age, 1.0), a, b]) for r, a, b in _BG_NBD_STARTS],
    )


def _gamma_gamma_problem(pairs: pl.DataFrame) -> Problem:
    spends = gamma_gamma.arrange_spends(pairs)
    mean = weighted_sum(spends.weight, spends.mean_spend) / spends.customers
    return Problem(
        names=("p", "q", "gamma"),
        customers=spends.customers,
        value_and_gradient=lambda v: gamma_gamma.value_and_gradient(spends, _gamma_gamma(v)),
        hessian=lambda v: gamma_gamma.hessian(spends, _gamma_gamma(v)),
        starts=[np.array([p, q, mean * (q - 1.0) / p]) for p, q in _GAMMA_GAMMA_STARTS],
    )


def _thin(rows: pl.DataFrame) -> pl.DataFrame:
    """Return every n-th of the sorted rows, about ``_DRAFT_ROWS`` of them."""
    return rows.gather_every(1 + rows.height // _DRAFT_ROWS)


def _on_logarithms(problem: Problem) -> Objective:
    """Return the mean negative log-likelihood by the logarithms of the parameters."""

    def objective(logs: FloatArray) -> tuple[float, FloatArray]:
        natural = np.exp(logs)
        value, gradient = problem.value_and_gradient(natural)
        return -value / problem.customers, -gradient * natural / problem.customers

    return objective


def _climb(objective: Objective, start: FloatArray) -> optimize.OptimizeResult:
    bounds = [(value - _FARTHEST, value + _FARTHEST) for value in start]
    return optimize.minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 300, "ftol": 1e-13, "gtol": 1e-7},
    )


def _finish(problem: Problem, logs: FloatArray, where: str) -> FloatArray:
    """Newton's method on the logarithms, with halved steps where a full one overshoots."""
    objective = _on_logarithms(problem)
    value, slope = objective(logs)
    for _ in range(_NEWTON_STEPS):
        curvature = _curvature(problem, logs, slope)
        if np.linalg.eigvalsh(curvature)[0] <= 0.0:
            raise FitNotConverged(
                f"The likelihood is flat or bends upwards at {_spell(problem, logs)}.",
                where=where,
            )
        step: FloatArray = np.linalg.solve(curvature, slope).astype(np.float64)
        if float(np.abs(slope).max()) < _FLAT and float(np.abs(step).max()) < _FLAT:
            return logs
        logs, value, slope = _shortened(objective, logs, step, value)
    if float(np.abs(slope).max()) < _FLAT:
        return logs
    raise FitNotConverged(
        f"Still climbing after {_NEWTON_STEPS} Newton steps, slope "
        f"{float(np.abs(slope).max()):.1e} at {_spell(problem, logs)}.",
        where=where,
    )


def _shortened(
    objective: Objective, logs: FloatArray, step: FloatArray, value: float
) -> tuple[FloatArray, float, FloatArray]:
    """Take the longest of the step, its half, its quarter ... that does not lose height."""
    share = 1.0
    noise = 1e-13 * (1.0 + abs(value))
    while share > 1e-4:
        tried = logs - share * step
        found, slope = objective(tried)
        if found <= value + noise:
            return tried, found, slope
        share /= 2.0
    return logs, value, objective(logs)[1]


def _curvature(problem: Problem, logs: FloatArray, slope: FloatArray) -> FloatArray:
    """Second derivatives of the objective by the logarithms (chain rule)."""
    natural = np.exp(logs)
    scaled = problem.hessian(natural) * np.outer(natural, natural)
    result: FloatArray = -scaled / problem.customers + np.diag(slope)
    return result


def _spell(problem: Problem, logs: FloatArray) -> str:
    pairs = zip(problem.names, np.exp(logs), strict=True)
    return ", ".join(f"{name} = {value:.4g}" for name, value in pairs)


def _stored(value: float) -> float:
    return float(f"{value:.{STORED_DIGITS}g}")


def _bg_nbd(values: FloatArray) -> BgNbd:
    return BgNbd(*(float(value) for value in values))


def _gamma_gamma(values: FloatArray) -> GammaGamma:
    return GammaGamma(*(float(value) for value in values))
