"""Whether a business unit has enough history to be forecast, and why not.

Below the gate no forecast is made and every row says so; a guess would look like a number.

Source:
    Klaviyo help centre, article 360020919731, the conditions for predictive analytics: 500
    customers with an order, 180 days of order history, an order in the last 30 days, some customers
    with 3 or more orders.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import polars as pl

from etl.clv.settings import ValueSettings

LEFT_CENSORED = "left_censored"
WEAKLY_IDENTIFIED = "weakly_identified"
NAIVE_BETTER = "naive_better"
SPEND_UNIT_MEAN = "spend_unit_mean"
# The first that applies gives the code; the reason has a sentence of each.
CAVEATS = (LEFT_CENSORED, WEAKLY_IDENTIFIED, NAIVE_BETTER, SPEND_UNIT_MEAN)

Sufficiency = Literal["sufficient", "sufficient_with_caveat", "insufficient"]


@dataclass(frozen=True)
class Verdict:
    """What the gate decided about one business unit.

    Args:
        sufficiency: May it be forecast.
        code: Stable lower-case code of the reason.
        reason: The same for people, with the figures.
    """

    sufficiency: Sufficiency
    code: str
    reason: str


@dataclass(frozen=True)
class Evidence:
    """The figures the gate looks at, of one business unit.

    Args:
        buyers: Customers with at least one order.
        frequent_buyers: Customers with orders on at least three days.
        history_days: Days from the first order to the cutoff.
        silence_days: Days from the last order to the cutoff.
        history_starts_on: First day the source covers when it began before its export does:
            customers then look younger than they are. None when the history is whole.
    """

    buyers: int
    frequent_buyers: int
    history_days: int
    silence_days: int
    history_starts_on: date | None


def evidence_of(unit: pl.DataFrame, cutoff_on: date, settings: ValueSettings) -> Evidence:
    """Collect the figures of one business unit.

    Args:
        unit: One row per customer: ``repeat_orders``, ``recency_days``, ``first_ordered_on``
            and ``history_starts_on``; at least one row.
        cutoff_on: Last day of the data.
        settings: Says who is a frequent buyer.
    """
    last_on = pl.col("first_ordered_on") + pl.duration(days=pl.col("recency_days"))
    figures = unit.select(
        (pl.col("repeat_orders") + 1 >= settings.gate_frequent_orders).sum().alias("frequent"),
        (pl.lit(cutoff_on) - pl.col("first_ordered_on").min()).dt.total_days().alias("history"),
        (pl.lit(cutoff_on) - last_on.max()).dt.total_days().alias("silence"),
        pl.col("history_starts_on").max(),
    ).row(0, named=True)
    return Evidence(
        buyers=unit.height,
        frequent_buyers=int(figures["frequent"]),
        history_days=int(figures["history"]),
        silence_days=int(figures["silence"]),
        history_starts_on=figures["history_starts_on"],
    )


def judge(evidence: Evidence, settings: ValueSettings) -> Verdict:
    """Apply the gate; the first rule that fails gives the reason."""
    failures = (
        (
            evidence.buyers < settings.gate_min_buyers,
            "too_few_buyers",
            f"{evidence.buyers} buyers, at least {settings.gate_min_buyers:.0f} are needed.",
        ),
        (
            evidence.history_days < settings.gate_min_history_days,
            "history_too_short",
            f"{evidence.history_days} days of history, at least "
            f"{settings.gate_min_history_days:.0f} are needed.",
        ),
        (
            evidence.silence_days > settings.gate_max_silence_days,
            "no_recent_order",
            f"The last order is {evidence.silence_days} days old, at most "
            f"{settings.gate_max_silence_days:.0f} are allowed.",
        ),
        (
            evidence.frequent_buyers < 1,
            "no_frequent_buyer",
            f"No customer ordered on {settings.gate_frequent_orders:.0f} or more days.",
        ),
    )
    for failed, code, reason in failures:
        if failed:
            return Verdict("insufficient", code, reason)
    if evidence.history_starts_on is not None:
        return Verdict(
            "sufficient_with_caveat",
            LEFT_CENSORED,
            f"The history starts on {evidence.history_starts_on.isoformat()}, after the shop "
            "opened: older customers look new, and their first order is not their first.",
        )
    return Verdict("sufficient", "enough_history", "The data pass every rule of the gate.")


def with_caveat(verdict: Verdict, code: str, reason: str) -> Verdict:
    """Add a caveat to a verdict that lets forecast.

    Args:
        verdict: With the caveats that stand before this one in :data:`CAVEATS`.
        code: Kept where it is the first caveat.
        reason: Its sentence, put behind the others.
    """
    if verdict.sufficiency == "sufficient":
        return Verdict("sufficient_with_caveat", code, reason)
    return replace(verdict, reason=f"{verdict.reason} {reason}")
