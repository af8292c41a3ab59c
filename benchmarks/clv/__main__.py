"""What customer lifetime value costs, beside two PyPI packages and beside the data alone.

    make bench-clv                            100,000, one million and ten million customers
    make bench-clv SIZES="100000 1000000"     a short run
    make bench-clv ARGS="--json clv.json"     the figures for a program too

One run, one file of simulated customers per size, one process per step. CPU seconds include the
start of Python with its imports, which has a line of its own; the promises about our own steps
count what comes on top of it. The step build is a month end of the warehouse, all in one process:
every model fitted twice, the backtest, totals by drawing parameters, lookups with quantiles. Each
package has an environment of its own, and the same threads.
Exits with 1 where a promise is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.clv.measuring import FLOOR, OURS, PEERS, Measure, measure, ours, peer, told_shortly

SIZES = (100_000, 1_000_000, 10_000_000)
MODELS = ("bg_nbd", "mbg_nbd", "pareto_nbd")
FIT_CPU_SECONDS = {1_000_000: 2.0, 10_000_000: 10.0}
FIT_PEAK_MIB = {10_000_000: 1024.0}
SCORE_OVER_WRITE = 2.0
LIFETIMES_OVER_OURS = {10_000_000: 10.0}
# By how much log-likelihood a peer may be ahead: parameters are stored to ten digits.
AHEAD = 0.01


@dataclass(frozen=True)
class Promise:
    """What was promised of one size, and what was measured."""

    customers: int
    text: str
    measured: float
    limit: float
    is_kept: bool


@dataclass(frozen=True)
class Agreement:
    """Where a package stopped, and where we did: BG/NBD on the same customers.

    Args:
        customers: Size of the data.
        who: The package.
        log_likelihood: Ours, at our parameters.
        log_likelihood_of_peer: Computed by us at theirs.
        parameters_apart: Largest relative difference of a parameter.
        orders_apart: Relative difference of all orders expected in 12 months; None where the
            package did not score.
    """

    customers: int
    who: str
    log_likelihood: float
    log_likelihood_of_peer: float
    parameters_apart: float
    orders_apart: float | None


def measured(customers: int, folder: Path) -> list[Measure]:
    """Every step of every model, the floors and the peers."""
    done = [ours(customers, FLOOR, step, "-", folder) for step in ("start", "scan")]
    done.append(ours(customers, OURS, "spend", "-", folder))
    for model in reversed(MODELS):
        for step in ("fit", "lookup", "score"):
            done.append(ours(customers, OURS, step, model, folder))
    done.append(ours(customers, FLOOR, "write", "-", folder))
    done.append(ours(customers, OURS, "build", "-", folder))
    for who in PEERS:
        done += peer(who, customers, folder)
    return done


def compared(done: list[Measure], folder: Path) -> list[Agreement]:
    """Set the parameters and forecasts of the peers beside ours."""
    steps = {(m.who, m.step): m for m in done if not m.failure}
    fit, score = steps[OURS, "fit bg_nbd"], steps[OURS, "score bg_nbd"]
    found = []
    for who in PEERS:
        theirs, scored = steps.get((who, "fit")), steps.get((who, "score"))
        if theirs:
            given = json.dumps(theirs.found["parameters"])
            check = ours(fit.customers, who, "likelihood", "bg_nbd", folder, given)
            pairs = [
                (value, theirs.found["parameters"][name])
                for name, value in fit.found["parameters"].items()
            ]
            found.append(
                Agreement(
                    fit.customers,
                    who,
                    fit.found["log_likelihood"],
                    check.found["log_likelihood"],
                    max(_apart(*pair) for pair in pairs),
                    _apart(score.found["orders_12m"], scored.found["orders_12m"])
                    if scored
                    else None,
                )
            )
    return found


def promises(done: list[Measure], agreements: list[Agreement]) -> Iterator[Promise]:
    """Set the measures of one size beside what is promised."""
    steps = {(m.who, m.step): m for m in done if not m.failure}
    customers = done[0].customers
    start = steps[FLOOR, "start"].cpu_seconds

    def at_most(text: str, value: float, limit: float) -> Promise:
        return Promise(customers, text, value, limit, value <= limit)

    written = steps[FLOOR, "write"].cpu_seconds - start
    for model in MODELS:
        fit, score = steps[OURS, f"fit {model}"], steps[OURS, f"score {model}"]
        if customers in FIT_CPU_SECONDS:
            text = f"fit {model}, CPU s after the start, at most"
            yield at_most(text, fit.cpu_seconds - start, FIT_CPU_SECONDS[customers])
        if customers in FIT_PEAK_MIB:
            yield at_most(f"fit {model}, MiB, at most", fit.peak_mib, FIT_PEAK_MIB[customers])
        if customers in FIT_CPU_SECONDS:
            text = f"score {model} over plain write, after the start, at most"
            yield at_most(text, (score.cpu_seconds - start) / written, SCORE_OVER_WRITE)
    if ("lifetimes", "fit") in steps and customers in LIFETIMES_OVER_OURS:
        ratio = steps["lifetimes", "fit"].cpu_seconds / steps[OURS, "fit bg_nbd"].cpu_seconds
        limit = LIFETIMES_OVER_OURS[customers]
        yield Promise(customers, "fit of lifetimes over ours, above", ratio, limit, ratio > limit)
    for pair in agreements:
        text = f"log-likelihood of {pair.who} over ours, at most"
        yield at_most(text, pair.log_likelihood_of_peer - pair.log_likelihood, AHEAD)


def report(done: list[Measure], agreements: list[Agreement], kept: list[Promise]) -> None:
    """Print measures, ratios, agreement and promises."""
    print(f"\n{'customers':>11}  {'who':<15} {'step':<20}{'CPU s':>9}{'peak MiB':>10}")
    for line in done:
        print(told_shortly(line))
    print("\nfit, spend, lookup and score together, BG/NBD: CPU s, and over ours")
    for customers in sorted({m.customers for m in done}):
        totals = {who: _total(done, customers, who) for who in (OURS, *PEERS)}
        told = (
            f"{who} {total:.1f} ({total / (totals[OURS] or total):.1f} x)" if total else f"{who} -"
            for who, total in totals.items()
        )
        print(f"{customers:>11,}  {', '.join(told)}")
    print("\nBG/NBD: log-likelihood, ours and at the package's parameters; how far apart")
    for pair in agreements:
        orders = "not scored" if pair.orders_apart is None else f"{pair.orders_apart:.1e}"
        print(
            f"{pair.customers:>11,}  {pair.who:<15} {pair.log_likelihood:.3f} "
            f"{pair.log_likelihood_of_peer:.3f}, parameters {pair.parameters_apart:.1e}, "
            f"orders {orders}"
        )
    print("\npromises")
    for promise in kept:
        verdict = "kept" if promise.is_kept else "MISSED"
        told = f"{promise.text} {promise.limit:g}"
        print(f"{promise.customers:>11,}  {told:<62}{promise.measured:>9.2f}  {verdict}")


def _total(done: list[Measure], customers: int, who: str) -> float | None:
    """CPU seconds of all steps of BG/NBD that the peers do too; None where one failed."""
    own = {"spend", "fit bg_nbd", "lookup bg_nbd", "score bg_nbd"}
    wanted = own if who == OURS else {"fit", "spend", "score"}
    steps = [
        m.cpu_seconds
        for m in done
        if (m.customers, m.who) == (customers, who) and m.step in wanted and not m.failure
    ]
    return sum(steps) if len(steps) == len(wanted) else None


def _apart(left: float, right: float) -> float:
    return abs(right / left - 1.0)


def main() -> int:
    """Simulate, measure, compare; return the exit code."""
    arguments = argparse.ArgumentParser(description="Cost of customer lifetime value.")
    arguments.add_argument("sizes", nargs="*", type=int, default=SIZES)
    arguments.add_argument("--json", type=Path, help="write the figures here as well")
    given = arguments.parse_args()
    done, agreements, kept = [], [], []
    for customers in given.sizes:
        with tempfile.TemporaryDirectory(prefix="loyalty-clv-") as name:
            folder = Path(name)
            file = str(folder / "customers.parquet")
            command = [sys.executable, "-m", "benchmarks.clv.simulate", str(customers), file]
            measure(customers, FLOOR, "simulate, not counted", command)
            steps = measured(customers, folder)
            pairs = compared(steps, folder)
            done, agreements = done + steps, agreements + pairs
            kept += promises(steps, pairs)
    report(done, agreements, kept)
    if given.json:
        parts = {"measures": done, "agreements": agreements, "promises": kept}
        text = {name: [asdict(row) for row in rows] for name, rows in parts.items()}
        given.json.write_text(json.dumps(text, indent=2) + "\n")
    return 0 if all(promise.is_kept for promise in kept) else 1


if __name__ == "__main__":
    sys.exit(main())
