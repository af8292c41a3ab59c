"""Maximum likelihood: several starts, L-BFGS-B, then Newton, and an honest verdict.

Both models are fitted on the logarithms of their parameters, so that these stay positive, and
on distinct weighted rows in sorted order, so that the order of delivery cannot move a digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import polars as pl
from scipy import optimize

from etl.clv import gamma_gamma
from etl.clv.arrays import FloatArray
from etl.clv.errors import FitNotConverged, NoFit
from etl.clv.gamma_gamma import GammaGamma
from etl.clv.likelihood import Likelihood, Objective
from etl.clv.nbd import Nbd
from etl.clv.order_model import ORDER_MODELS, OrderModel
from etl.clv.sbg import Sbg

STORED_DIGITS = 10
# A logarithm this far from its start is a parameter running away: exp(14) is over a million.
_FARTHEST = 14.0
# Of the mean log-likelihood by the log parameters: at this slope ten digits stand still.
_FLAT = 1e-10
_NEWTON_STEPS = 30
# By the logarithms; a longer step is shortened to it.
_LONGEST_STEP = 2.0
# A logarithm this far from every start is named as running away: a factor of a thousand.
_FAR = 7.0
# Log-likelihood by which a model must beat the NBD to be told from it.
_NO_BETTER = 0.5
_DRAFT_ROWS = 8_000

Model = TypeVar("Model", covariant=True)


@dataclass(frozen=True)
class Maximum:
    """Where the log-likelihood is greatest, and how that was found.

    Args:
        estimates: Parameters, rounded to the digits that are stored.
        log_likelihood: At the unrounded maximum.
        customers: Customers behind it.
        evaluations: Evaluations of the log-likelihood, all starts together.
        covariance: Of the estimates: inverse of the observed information at the maximum.
    """

    estimates: FloatArray
    log_likelihood: float
    customers: int
    evaluations: int
    covariance: FloatArray

    @property
    def standard_errors(self) -> FloatArray:
        """Standard errors of the estimates."""
        result: FloatArray = np.sqrt(np.diag(self.covariance))
        return result

    @property
    def log_covariance(self) -> FloatArray:
        """Covariance of the logarithms of the estimates (Laplace), which stay positive."""
        result: FloatArray = self.covariance / np.outer(self.estimates, self.estimates)
        return result


@dataclass(frozen=True)
class Fit(Generic[Model]):
    """A model with the parameters that fit best, and how they were found."""

    model: Model
    maximum: Maximum


def fit_orders(name: str, triples: pl.DataFrame) -> Fit[OrderModel]:
    """Fit a model of orders.

    Args:
        name: One of :data:`etl.clv.order_model.ORDER_MODELS`.
        triples: One row per distinct ``repeat_orders`` (x >= 0), ``recency_days`` (t_x) and
            ``age_days`` (T >= t_x), with the number of ``customers`` it stands for.

    Raises:
        FitNotConverged: Nobody ordered twice, a parameter runs away, or no true maximum.

    Source:
        The likelihood of the model's module.
    """
    triples = triples.sort("repeat_orders", "recency_days", "age_days")
    if triples.filter(pl.col("repeat_orders") > 0).is_empty():
        raise FitNotConverged(
            "No customer ordered on a second day.", reason=NoFit.NOBODY_RETURNED, where=name
        )
    kind = ORDER_MODELS[name]
    try:
        maximum = maximise(kind.likelihood(triples), kind.likelihood(_thin(triples)), name)
    except FitNotConverged as error:
        raise _against_nbd(error, triples) from error
    return Fit(kind(*maximum.estimates.tolist()), maximum)


def fit_sbg(contracts: pl.DataFrame) -> Fit[Sbg]:
    """Fit sBG to contracts.

    Args:
        contracts: As :func:`etl.clv.sbg.arrange_contracts` takes them.

    Raises:
        FitNotConverged: Nobody left, or nobody renewed, or no true maximum.

    Source:
        Fader and Hardie (2007), How to project customer retention.
    """
    contracts = contracts.sort("renewals")
    if not contracts.get_column("lost_customers").sum():
        raise FitNotConverged(
            "No customer left at a renewal.", reason=NoFit.NOBODY_LEFT, where="sbg"
        )
    problem = Sbg.likelihood(contracts)
    maximum = maximise(problem, problem, "sbg")
    return Fit(Sbg(*maximum.estimates.tolist()), maximum)


def fit_gamma_gamma(pairs: pl.DataFrame) -> Fit[GammaGamma]:
    """Fit Gamma-Gamma.

    Args:
        pairs: As :func:`etl.clv.gamma_gamma.arrange_spends` takes them.

    Raises:
        FitNotConverged: No spend at all, a parameter runs away, or the mean does not exist.

    Source:
        Fader and Hardie (2013), eq. (1a).
    """
    if pairs.is_empty():
        raise FitNotConverged(
            "No repeat order has spend.", reason=NoFit.NO_SPEND, where="gamma_gamma"
        )
    pairs = pairs.sort("spend_occasions", "mean_spend")
    maximum = maximise(
        gamma_gamma.likelihood(pairs), gamma_gamma.likelihood(_thin(pairs)), "gamma_gamma"
    )
    params = GammaGamma(*maximum.estimates.tolist())
    if params.q <= 1.0:
        raise FitNotConverged(
            f"The mean spend of the population does not exist (q = {params.q:.4g}, needs > 1).",
            reason=NoFit.NO_MEAN,
            where="gamma_gamma",
        )
    return Fit(params, maximum)


def maximise(problem: Likelihood, draft: Likelihood, where: str) -> Maximum:
    """Climb from every start on the draft, then Newton from its best point on all.

    Only where Newton fails from there is all of it climbed too.

    Args:
        problem: What is to be maximised.
        draft: The same over some of its rows: finds the right hill at a small price.
        where: Name of the model, for the message.

    Raises:
        FitNotConverged: The message says which parameter or which test failed.
    """
    climbs = [_climb(_on_logarithms(draft), np.log(start), 150) for start in draft.starts]
    best = np.asarray(min(climbs, key=lambda climb: float(climb.fun)).x)
    try:
        point = _finish(problem, best, where)
    except FitNotConverged:
        climbs.append(_climb(_on_logarithms(problem), best, 60))
        point = _finish(problem, np.asarray(climbs[-1].x), where)
    estimates = np.array([_stored(value) for value in np.exp(point)])
    return Maximum(
        estimates=estimates,
        log_likelihood=float(problem.value_and_gradient(np.exp(point))[0]),
        customers=round(problem.customers),
        evaluations=sum(int(climb.nfev) for climb in climbs),
        covariance=np.linalg.inv(-problem.hessian(np.exp(point))).astype(np.float64),
    )


def _against_nbd(error: FitNotConverged, triples: pl.DataFrame) -> FitNotConverged:
    """Say so where the model ran to the NBD, the limit in which nobody ever stops."""
    try:
        nbd = maximise(Nbd.likelihood(triples), Nbd.likelihood(_thin(triples)), Nbd.name)
    except FitNotConverged:
        return error
    if error.where == Nbd.name or error.log_likelihood > nbd.log_likelihood + _NO_BETTER:
        return error
    return FitNotConverged(
        f"The data show no drop-out: the model ran to its limit, the NBD. {error.what}",
        reason=NoFit.NO_DROPOUT,
        where=error.where,
        log_likelihood=error.log_likelihood,
    )


def _thin(rows: pl.DataFrame) -> pl.DataFrame:
    """Return every n-th of the sorted rows, about ``_DRAFT_ROWS`` of them."""
    return rows.gather_every(1 + rows.height // _DRAFT_ROWS)


def _on_logarithms(problem: Likelihood) -> Objective:
    """Return the mean negative log-likelihood by the logarithms of the parameters."""

    def objective(logs: FloatArray) -> tuple[float, FloatArray]:
        natural = np.exp(logs)
        value, gradient = problem.value_and_gradient(natural)
        return -value / problem.customers, -gradient * natural / problem.customers

    return objective


def _climb(objective: Objective, start: FloatArray, steps: int) -> optimize.OptimizeResult:
    bounds = [(value - _FARTHEST, value + _FARTHEST) for value in start]
    return optimize.minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": steps, "ftol": 1e-13, "gtol": 1e-7},
    )


def _finish(problem: Likelihood, logs: FloatArray, where: str) -> FloatArray:
    """Newton's method on the logarithms, with halved steps where a full one overshoots."""
    objective = _on_logarithms(problem)
    value, slope = objective(logs)
    for _ in range(_NEWTON_STEPS):
        curvature = _curvature(problem, logs, slope)
        if not np.linalg.eigvalsh(curvature)[0] > 0.0:
            raise _failure(problem, logs, "flat, or bends upwards", NoFit.FLAT, where, value)
        step: FloatArray = np.linalg.solve(curvature, slope).astype(np.float64)
        if float(np.abs(slope).max()) < _FLAT and float(np.abs(step).max()) < _FLAT:
            return logs
        logs, value, slope = _shortened(objective, logs, step, value)
    if float(np.abs(slope).max()) < _FLAT:
        return logs
    what = f"still rising after {_NEWTON_STEPS} Newton steps, slope {np.abs(slope).max():.1e},"
    raise _failure(problem, logs, what, NoFit.STILL_CLIMBING, where, value)


def _failure(
    problem: Likelihood, logs: FloatArray, what: str, reason: NoFit, where: str, value: float
) -> FitNotConverged:
    """Name the point, and the parameters that have left every start far behind."""
    starts = np.log(np.array(problem.starts))
    far = {
        name: "grows without bound" if log > low else "goes to zero"
        for name, log, low, high in zip(
            problem.names, logs, starts.min(axis=0), starts.max(axis=0), strict=True
        )
        if log < low - _FAR or log > high + _FAR
    }
    at = ", ".join(f"{n} = {v:.4g}" for n, v in zip(problem.names, np.exp(logs), strict=True))
    away = "; ".join(f"{name} {direction}" for name, direction in far.items())
    return FitNotConverged(
        f"The likelihood is {what} at {at}" + (f": {away}." if far else "."),
        reason=NoFit.RUNS_AWAY if far else reason,
        where=where,
        log_likelihood=-value * problem.customers,
    )


def _shortened(
    objective: Objective, logs: FloatArray, step: FloatArray, value: float
) -> tuple[FloatArray, float, FloatArray]:
    """Take the longest of the step, its half, its quarter ... that does not lose height."""
    share = min(1.0, _LONGEST_STEP / float(np.abs(step).max()))
    noise = 1e-13 * (1.0 + abs(value))
    while share > 1e-6:
        tried = logs - share * step
        found, slope = objective(tried)
        if found <= value + noise:
            return tried, found, slope
        share /= 2.0
    return logs, value, objective(logs)[1]


def _curvature(problem: Likelihood, logs: FloatArray, slope: FloatArray) -> FloatArray:
    """Second derivatives of the objective by the logarithms (chain rule)."""
    natural = np.exp(logs)
    scaled = problem.hessian(natural) * np.outer(natural, natural)
    result: FloatArray = -scaled / problem.customers + np.diag(slope)
    return result


def _stored(value: float) -> float:
    return float(f"{value:.{STORED_DIGITS}g}")
