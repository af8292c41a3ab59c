"""Disables every guard of the warehouse in turn and shows that a test fails.

    make mutation                     all guards
    make mutation ARGS="--only lake"  those whose area, name, file or test has the word
    make mutation ARGS="--json m.json"  the table for a program too

First all the tests named must pass in an untouched copy. Then each guard is disabled alone, in a
throw-away copy of the tree, and its test is run there. Exits with 1 where a test does not fail, or
a guard is not where its table says.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from benchmarks.mutation.guards import Guard, read_guards
from benchmarks.mutation.running import KILLED, Verdict, passing_copy, verdicts

PROJECT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run the guards' tests and print the table; return the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks.mutation", description=__doc__)
    parser.add_argument("--only", default="", help="a word of the guards to disable")
    parser.add_argument("--json", type=Path, help="a file for the table")
    wanted = parser.parse_args()
    guards = [g for g in read_guards() if wanted.only in f"{g.area} {g.name} {g.file} {g.test}"]
    if not guards:
        print(f"no guard has the word {wanted.only!r}")
        return 1
    with tempfile.TemporaryDirectory(prefix="loyalty-mutation-") as folder:
        tree, told = passing_copy(PROJECT, guards, Path(folder))
        if told:
            print(f"{told}\n\na test fails with its guard in place: nothing can be shown")
            return 1
        found = list(_told(verdicts(tree, guards, _jobs())))
    if wanted.json:
        wanted.json.write_text(json.dumps([asdict(verdict) for verdict in found], indent=2))
    return report(guards, found)


def report(guards: list[Guard], found: list[Verdict]) -> int:
    """Print what was said of the guards whose test did not fail; return the exit code."""
    survived = [verdict for verdict in found if verdict.outcome != KILLED]
    for verdict in survived:
        print(f"\n{verdict.outcome}: {verdict.guard.name} ({verdict.guard.test})\n{verdict.told}")
    print(f"\n{len(found) - len(survived)} of {len(guards)} guards are missed when disabled")
    return 1 if survived else 0


def _told(running: Iterator[Verdict]) -> Iterator[Verdict]:
    print(f"{'area':<10}{'guard':<64}{'seconds':>8}  test")
    for verdict in running:
        area, name = verdict.guard.area, verdict.guard.name
        print(f"{area:<10}{name:<64}{verdict.seconds:>8.1f}  {verdict.outcome}", flush=True)
        yield verdict


def _jobs() -> int:
    return int(os.environ.get("JOBS") or 2)


if __name__ == "__main__":
    sys.exit(main())
