"""Which of the fitted models is used, and the reason for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

LABELS = {
    "bg_nbd": "BG/NBD",
    "mbg_nbd": "MBG/NBD",
    "pareto_nbd": "Pareto/NBD",
    "nbd": "NBD",
    "naive_rate": "the customer's own rate so far",
    "unit_average": "the unit's average",
}


@dataclass(frozen=True)
class Score:
    """How far a model was off in the backtest.

    Args:
        rmse: Root mean square error, orders per customer.
        cohort_bias: Sum of the cohorts' errors as a share of the actual orders; None where
            nobody ordered in the holdout.
    """

    rmse: float
    cohort_bias: float | None


@dataclass(frozen=True)
class Choice:
    """The model chosen.

    Args:
        model: Its name.
        code: Stable lower-case code of the rule that chose it.
        reason: The same for people, with the losers' figures.
    """

    model: str
    code: str
    reason: str


def choose(
    scores: Mapping[str, Score], log_likelihoods: Mapping[str, float], rmse_tolerance: float
) -> Choice:
    """Choose the model with the smallest backtest error; among equals the least biased cohorts.

    Args:
        scores: By model that can be used: its backtest; empty where there was none.
        log_likelihoods: By model that can be used, at least one: on the whole history.
        rmse_tolerance: Share of the smallest error within which models are equal.
    """
    if not scores:
        return _by_likelihood(log_likelihoods)
    names = sorted(scores)
    smallest = min(scores[name].rmse for name in names)
    equal = [name for name in names if scores[name].rmse <= smallest * (1.0 + rmse_tolerance)]
    best = min(equal, key=lambda name: (_last_if_unknown(scores[name].cohort_bias), name))
    errors = _listed(names, lambda name: f"{scores[name].rmse:.4g}")
    if len(equal) == 1:
        reason = f"{LABELS[best]} has the smallest holdout error. RMSE: {errors}."
        return Choice(best, "smallest_rmse", reason)
    biases = _listed(equal, lambda name: _share(scores[name].cohort_bias))
    reason = (
        f"{LABELS[best]} is least biased by cohort among those within {rmse_tolerance:.0%} of the"
        f" smallest holdout error. RMSE: {errors}; cohort bias: {biases}."
    )
    return Choice(best, "smallest_cohort_bias", reason)


def better_baselines(chosen: Score, baselines: Mapping[str, Score]) -> list[str]:
    """Return the simple rules that beat the chosen model's error, by name."""
    return sorted(name for name, score in baselines.items() if score.rmse < chosen.rmse)


def _by_likelihood(log_likelihoods: Mapping[str, float]) -> Choice:
    best = max(sorted(log_likelihoods), key=lambda name: log_likelihoods[name])
    values = _listed(sorted(log_likelihoods), lambda name: f"{log_likelihoods[name]:.1f}")
    reason = f"No candidate could be backtested, so the highest log-likelihood decides: {values}."
    return Choice(best, "likelihood", reason)


def _listed(names: Sequence[str], figure: Callable[[str], str]) -> str:
    return ", ".join(f"{LABELS[name]} {figure(name)}" for name in names)


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1%}"


def _last_if_unknown(value: float | None) -> float:
    return float("inf") if value is None else value
