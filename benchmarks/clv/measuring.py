"""One process measured: CPU time and peak memory as the kernel counted them."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.processes import TOOLS, Limits, python_with, run, two_threads

HERE = Path(__file__).resolve().parent
PEERS = ("lifetimes", "pymc_marketing")
FLOOR, OURS = "the data alone", "loyalty"
# A peer that wants more is stopped, and the table says so.
PEER_LIMITS = Limits(cpu_seconds=900, memory_gib=14)


@dataclass(frozen=True)
class Measure:
    """What one process took and found, or why it failed.

    Args:
        customers: Size of the data.
        who: Ours, a peer, or the floor.
        step: What it did.
        cpu_seconds: User and system time, children included.
        peak_mib: Most memory it held.
        found: What it printed.
        failure: Empty, or the reason.
    """

    customers: int
    who: str
    step: str
    cpu_seconds: float
    peak_mib: float
    found: dict[str, Any]
    failure: str


def measure(customers: int, who: str, step: str, command: list[str], given: str = "") -> Measure:
    """Run a process to its end; ``given`` is its standard input."""
    limits = PEER_LIMITS if who in PEERS else None
    ended = run(command, _environment(who), given=given, limits=limits)
    done = Measure(
        customers,
        who,
        step,
        cpu_seconds=ended.cpu_seconds,
        peak_mib=ended.peak_mib,
        found={} if ended.failure else json.loads(ended.printed.splitlines()[-1]),
        failure=ended.failure,
    )
    print(told_shortly(done), file=sys.stderr, flush=True)
    return done


def told_shortly(done: Measure) -> str:
    """One line of the table."""
    told = f"{done.customers:>11,}  {done.who:<15} {done.step:<20}"
    return f"{told}{done.cpu_seconds:>9.1f}{done.peak_mib:>10.0f}  {done.failure}".rstrip()


def ours(customers: int, who: str, step: str, model: str, folder: Path, given: str = "") -> Measure:
    """Run one step of :mod:`benchmarks.clv.ours`."""
    name = step if model == "-" else f"{step} {model}"
    command = [sys.executable, "-m", "benchmarks.clv.ours", step, model, str(folder)]
    return measure(customers, who, name, command, given)


def peer(who: str, customers: int, folder: Path) -> list[Measure]:
    """Fit, spend and score of one package; what follows a failure is not tried."""
    python, failure = python_with(f"bench-clv-{who}", HERE / f"{who}.txt")
    done = []
    if failure:
        return [Measure(customers, who, "install", 0.0, 0.0, {}, failure)]
    for step in ("fit", "spend", "score"):
        script = str(HERE / f"peer_{who}.py")
        done.append(measure(customers, who, step, [str(python), script, step, str(folder)]))
        if done[-1].failure:
            break
    return done


def _environment(who: str) -> dict[str, str]:
    """The same threads for everyone, but for linear algebra, of which ours takes one by itself."""
    compiled = {"PYTENSOR_FLAGS": f"base_compiledir={TOOLS / 'bench-clv-pytensor'}"}
    return {**two_threads(but=() if who in PEERS else ("OPENBLAS",)), **compiled}
