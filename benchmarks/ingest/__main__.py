"""``make bench-ingest``: what landing a CSV file costs beside bare engines and beside dlt.

Each candidate reads the same file in a process of its own. CPU seconds are the kernel's, children
included; what a process takes before its first row (``start``) is measured alone and stands in the
table. Peers: Polars scan and sink is the floor, DuckDB COPY another engine, dlt what one would take
instead. dlt is stopped once it has taken so much more than ours that its promise is kept.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.ingest.simulate import write
from benchmarks.processes import Ended, Limits, python_with, run, two_threads

HERE = Path(__file__).resolve().parent
SIZES_GB = (0.2, 2.0, 10.0)
FILE_NAME = "orders-2026-03-31.csv"
START, OURS, FLOOR = "start", "loyalty", "polars"
ENGINES = (START, FLOOR, "duckdb", OURS)
READERS = ("read_csv_duckdb", "read_csv")
DLT = "dlt read_csv"

CPU_SECONDS_PER_GB, OVER_FLOOR, UNDER_DLT = 30.0, 3.0, 5.0
PEAK_MIB_AT, PEAK_GROWTH = {2.0: 700.0}, 1.5
# A peer that wants more is stopped.
PEER_MEMORY_GIB, LEAST_CPU_SECONDS = 16, 120


@dataclass(frozen=True)
class Measure:
    """What one candidate took for one file.

    Args:
        gb: Size of the file, 1e9 bytes.
        who: The candidate.
        rows: Rows it wrote; 0 if it failed.
        cpu_seconds: User and system time.
        peak_mib: Most memory it held.
        failure: Empty, or the reason.
        was_stopped: Whether it had taken too much.
    """

    gb: float
    who: str
    rows: int
    cpu_seconds: float
    peak_mib: float
    failure: str = ""
    was_stopped: bool = False


@dataclass(frozen=True)
class Promise:
    """A figure and the limit it must not pass."""

    text: str
    measured: float
    limit: float
    is_kept: bool


def measured(size_gb: float, *, with_dlt: bool) -> Iterator[Measure]:
    """Write a file and let each candidate read it."""
    with tempfile.TemporaryDirectory(prefix="loyalty-ingest-") as name:
        path = Path(name) / FILE_NAME
        orders = write(path, int(size_gb * 1e9))
        gb = path.stat().st_size / 1e9
        for who in ENGINES:
            done = _measure(
                gb, who, [sys.executable, "-m", "benchmarks.ingest.candidates", who], path
            )
            if not done.failure and who != START and done.rows != orders:
                raise SystemExit(f"{who} wrote {done.rows} of {orders} rows")
            yield done
        if with_dlt:
            yield from _dlt(gb, path, done.cpu_seconds)


def _dlt(gb: float, path: Path, ours: float) -> Iterator[Measure]:
    python, failure = python_with("bench-ingest-dlt", HERE / "dlt.txt")
    enough = max(LEAST_CPU_SECONDS, int(ours * UNDER_DLT * 1.1))
    for reader in READERS:
        who = f"dlt {reader}"
        if failure:
            yield Measure(gb, who, 0, 0.0, 0.0, failure)
            continue
        command = [str(python), str(HERE / "peer_dlt.py"), reader]
        yield _measure(gb, who, command, path, Limits(enough, PEER_MEMORY_GIB))


def _measure(
    gb: float, who: str, command: list[str], path: Path, limits: Limits | None = None
) -> Measure:
    quiet = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    with tempfile.TemporaryDirectory(prefix="out-", dir=path.parent) as folder:
        ended = run([*command, str(path), folder], {**two_threads(), **quiet}, limits=limits)
    done = Measure(
        gb, who, _rows(ended), ended.cpu_seconds, ended.peak_mib, ended.failure, ended.was_stopped
    )
    print(_line(done), file=sys.stderr, flush=True)
    return done


def _rows(ended: Ended) -> int:
    return 0 if ended.failure else int(json.loads(ended.printed.splitlines()[-1]))


def _line(done: Measure) -> str:
    told = f"{done.gb:>7.2f}  {done.who:<22}{done.cpu_seconds:>9.1f}"
    told += f"{done.cpu_seconds / done.gb:>10.1f}{done.peak_mib:>10.0f}{done.rows:>13,}"
    return f"{told}  {done.failure}".rstrip()


def promises(done: list[Measure]) -> Iterator[Promise]:
    """Set the measures beside what is promised."""
    sizes = list(dict.fromkeys(m.gb for m in done))
    by = {(m.gb, m.who): m for m in done}

    def at_most(text: str, value: float, limit: float) -> Promise:
        return Promise(f"{text}, at most", value, limit, value <= limit)

    for gb in sizes:
        mine, floor = by[gb, OURS], by[gb, FLOOR]
        start = by[gb, START].cpu_seconds
        own = mine.cpu_seconds - start
        yield at_most(f"{gb:.1f} GB: CPU s per GB after the start", own / gb, CPU_SECONDS_PER_GB)
        yield at_most(
            f"{gb:.1f} GB: over Polars scan and sink", own / floor.cpu_seconds, OVER_FLOOR
        )
        if round(gb, 1) in PEAK_MIB_AT:
            yield at_most(f"{gb:.1f} GB: MiB", mine.peak_mib, PEAK_MIB_AT[round(gb, 1)])
        peer = by.get((gb, DLT))
        if peer and (not peer.failure or peer.was_stopped):
            ratio = peer.cpu_seconds / mine.cpu_seconds
            word = "times cheaper than dlt (stopped), at least"
            text = word if peer.was_stopped else word.replace(" (stopped)", "")
            yield Promise(f"{gb:.1f} GB: {text}", ratio, UNDER_DLT, ratio >= UNDER_DLT)
    for less, more in itertools.pairwise(sizes):
        growth = by[more, OURS].peak_mib / by[less, OURS].peak_mib
        yield at_most(f"{more:.1f} GB: memory over that of {less:.1f} GB", growth, PEAK_GROWTH)


def report(done: list[Measure], kept: list[Promise]) -> None:
    """Print measures and promises."""
    print(f"\n{'GB':>7}  {'who':<22}{'CPU s':>9}{'CPU s/GB':>10}{'peak MiB':>10}{'rows':>13}")
    for line in done:
        print(_line(line))
    print("\npromises")
    for promise in kept:
        verdict = "kept" if promise.is_kept else "MISSED"
        print(f"  {promise.text:<62}{promise.limit:>8g}{promise.measured:>9.2f}  {verdict}")


def main() -> int:
    """Measure and compare; return the exit code."""
    arguments = argparse.ArgumentParser(description="Cost of landing a CSV file.")
    arguments.add_argument("sizes", nargs="*", type=float, default=SIZES_GB, help="GB of CSV")
    arguments.add_argument("--no-dlt", action="store_true", help="leave dlt out")
    arguments.add_argument("--json", type=Path, help="write the figures here as well")
    given = arguments.parse_args()
    done: list[Measure] = []
    for size in given.sizes:
        done += measured(size, with_dlt=not given.no_dlt)
    kept = list(promises(done))
    report(done, kept)
    if given.json:
        parts = {"measures": done, "promises": kept}
        text = {name: [asdict(row) for row in rows] for name, rows in parts.items()}
        given.json.write_text(json.dumps(text, indent=2) + "\n")
    return 0 if all(promise.is_kept for promise in kept) else 1


if __name__ == "__main__":
    sys.exit(main())
