"""Readers while others publish: nobody may see a part, a mixture of two releases, or an error.

    make clash                             200 publishes under at least 2,000 reads
    make clash ARGS="--publishes 20"       shorter
    make clash ARGS="--in-place"           the control: files overwritten where readers have them
    make clash ARGS="--json clash.json"    the table for a program too

Two processes publish in turn, through the real steps and under the real lock; only the build is
made up, so that a release is quick. Each release has two tables that say which one it is, so a join
shows a mixture. Three processes read: one opens DuckDB's file anew each time, as a report does; one
opens the release with its manifest, as lists and explanations do; one reads the Parquet files of
the folder that ``current`` leads to, and compares them with the manifest. A fourth holds one
connection open from the first release to the last, as a dashboard does; its readings are not among
the 2,000. Exits with 1 where one of them saw anything but one whole release, or releases that went
backwards.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from multiprocessing.queues import Queue
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb

from etl.config import Settings, load_settings
from etl.files import make_folder
from etl.locks import writer_lock
from etl.publish.marts import Mart
from etl.publish.release import (
    BUILD_NAME,
    finish_release,
    make_current,
    open_current,
    prepare_release,
    verify_release,
)
from etl.warehouse.database import build_path, open_build
from etl.warehouse.record import BuildRecord

PUBLISHES, READS, WRITERS = 200, 2_000, 2
CUSTOMERS, ORDERS = 500, 2_000
DAY = date(2026, 1, 31)
# A reader that stops answering is an error too.
PATIENCE_SECONDS = 1800
_PAUSE_SECONDS = 0.25
QUESTION = """
select
    count(*), sum(orders.amount), min(orders.version), max(orders.version),
    min(customers.version), max(customers.version), count(distinct customers.customer_key)
from orders inner join customers on orders.customer_key = customers.customer_key
"""
Answer = tuple[object, ...]
Ask = Callable[[], tuple[int, Answer]]


@dataclass(frozen=True)
class Seen:
    """What one process saw: readings, those that were no whole release, those that failed."""

    who: str
    readings: int
    releases: int
    torn: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


def main() -> int:
    """Run the clash, print the table and return the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks.clash", description=__doc__)
    parser.add_argument("--publishes", type=int, default=PUBLISHES)
    parser.add_argument("--reads", type=int, default=READS)
    parser.add_argument("--in-place", action="store_true", help="publish as nobody should")
    parser.add_argument("--json", type=Path, help="a file for the table")
    wanted = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="loyalty-clash-") as folder:
        seen = clash(Path(folder), wanted.publishes, wanted.reads, in_place=wanted.in_place)
    for one in seen:
        print(
            f"{one.who:<34} {one.readings:>6,} readings of {one.releases:>4} releases,"
            f" {len(one.torn)} torn, {len(one.errors)} errors"
        )
        for what in (*one.torn[:3], *one.errors[:3]):
            print(f"    {what}")
    readings = sum(one.readings for one in seen[1:])
    faults = sum(len(one.torn) + len(one.errors) for one in seen)
    seconds = time.monotonic() - started
    print(f"{readings:,} readings, {faults} of them torn or failed, in {seconds:.0f} s")
    if wanted.json:
        wanted.json.write_text(json.dumps([asdict(one) for one in seen], indent=2) + "\n")
    return 1 if faults else 0


def clash(root: Path, publishes: int, reads: int, *, in_place: bool = False) -> list[Seen]:
    """Publish and read at once until there were so many of both; tell what each process saw."""
    settings = load_settings(data=root / "data", landing=root / "landing")
    publish = overwrite if in_place else publish_version
    publish_version(settings, 1)
    context = multiprocessing.get_context("spawn")
    done, told = context.Event(), context.Queue()
    version, readings = context.Value("i", 1), context.Value("i", 0)
    writers = [
        context.Process(target=write, args=(settings, publish, version, done))
        for _ in range(WRITERS)
    ]
    readers = [
        context.Process(target=read, args=(settings, who, readings, done, told)) for who in WAYS
    ]
    processes = [*writers, *readers]
    for process in processes:
        process.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while version.value <= publishes or readings.value < reads:
        if time.monotonic() > deadline or any(process.exitcode for process in processes):
            break
        show(f"{version.value - 1} publishes, {readings.value} readings")
        time.sleep(0.2)
    done.set()
    seen = [told.get(timeout=PATIENCE_SECONDS) for _ in readers]
    for process in processes:
        process.join(PATIENCE_SECONDS)
    broken = tuple(f"exit code {process.exitcode}" for process in writers if process.exitcode)
    published = Seen("publishes", version.value - 1, version.value - 1, errors=broken)
    return [published, *sorted(seen, key=lambda one: one.who)]


def show(progress: str) -> None:
    """Say on a terminal how far it is."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{progress} ")
        sys.stderr.flush()


def write(
    settings: Settings,
    publish: Callable[[Settings, int], None],
    version: Synchronized[int],
    done: Event,
) -> None:
    """Publish one release after the other, in turn with the other writers."""
    while not done.is_set():
        with writer_lock(settings):
            publish(settings, version.value + 1)
            version.value += 1
        done.wait(_PAUSE_SECONDS)  # who asks for the lock at once again may get it for ever


def read(
    settings: Settings, who: str, readings: Synchronized[int], done: Event, told: Queue[Seen]
) -> None:
    """Ask again and again what is served, until told to stop; then tell what was seen."""
    count, torn, errors, releases = 0, [], [], []
    with WAYS[who](settings) as ask:
        while not done.is_set():
            try:
                version, answer = ask()
            except Exception as error:  # whatever it is, a reader must not get it
                errors.append(f"{type(error).__name__}: {error}")
            else:
                if answer != whole(version):
                    torn.append(f"release {version} answered {answer}")
                if releases and version < releases[-1]:
                    torn.append(f"release {version} came after {releases[-1]}")
                releases.append(version)
            count += 1
            if WAYS[who] is held:
                done.wait(_PAUSE_SECONDS)  # it could ask a thousand times for one of the others
                continue
            with readings.get_lock():
                readings.value += 1
    told.put(Seen(who, count, len(set(releases)), tuple(torn), tuple(errors)))


@contextmanager
def anew(settings: Settings) -> Iterator[Ask]:
    """Open DuckDB's file for each question, under the name that stays."""

    def ask() -> tuple[int, Answer]:
        with opened(settings) as connection:
            return asked(connection)

    yield ask


@contextmanager
def held(settings: Settings) -> Iterator[Ask]:
    """Open DuckDB's file once, and ask on that connection to the end."""
    with opened(settings) as connection:
        yield lambda: asked(connection)


@contextmanager
def ours(settings: Settings) -> Iterator[Ask]:
    """Open the release with its manifest, as lists and explanations do."""

    def ask() -> tuple[int, Answer]:
        with open_current(settings) as (connection, manifest):
            version, answer = asked(connection)
            assert manifest["run_id"] == run_id(version), "the manifest is another release's"
            return version, answer

    yield ask


@contextmanager
def parquet(settings: Settings) -> Iterator[Ask]:
    """Resolve ``current`` once; read that folder's files and compare them with its manifest."""

    def ask() -> tuple[int, Answer]:
        folder = (settings.marts / "current").resolve()
        manifest = verify_release(folder)
        tables = {name: str(folder / mart["file"]) for name, mart in manifest["marts"].items()}
        with duckdb.connect() as connection:
            for name, file in tables.items():
                connection.execute(f"create view {name} as from read_parquet('{file}')")
            version, answer = asked(connection)
        assert manifest["run_id"] == run_id(version), "the manifest is another release's"
        return version, answer

    yield ask


WAYS: dict[str, Callable[[Settings], AbstractContextManager[Ask]]] = {
    "DuckDB's file, opened anew": anew,
    "DuckDB's file, held open": held,
    "a release with its manifest": ours,
    "Parquet files of one folder": parquet,
}


def opened(settings: Settings) -> duckdb.DuckDBPyConnection:
    """Open the served file as a tool of somebody else does."""
    return duckdb.connect(str(settings.marts / "current" / BUILD_NAME), read_only=True)


def asked(connection: duckdb.DuckDBPyConnection) -> tuple[int, Answer]:
    """Return the version that the orders say they are of, and all that the join says."""
    answer = connection.execute(QUESTION).fetchone()
    assert answer is not None
    return answer[2], answer


def whole(version: int) -> Answer:
    """Return what one whole release answers."""
    amount = Decimal(version) * (ORDERS * (ORDERS - 1) // 2)
    return ORDERS, amount, version, version, version, version, CUSTOMERS


def publish_version(settings: Settings, version: int) -> None:
    """Publish a release whose tables say which one it is, through the real steps."""
    write_build(settings, version)
    record = BuildRecord(run_id(version), DAY.isoformat(), "l", "s", "c", {})
    prepared, _ = prepare_release(settings, record, MARTS)
    make_current(settings, finish_release(settings, prepared, record.run_id), DAY)


def overwrite(settings: Settings, version: int) -> None:
    """Publish as nobody should: write over the files that readers have open."""
    write_build(settings, version)
    record = BuildRecord(run_id(version), DAY.isoformat(), "l", "s", "c", {})
    prepared, _ = prepare_release(settings, record, MARTS)
    for path in sorted(prepared.iterdir()):
        served = settings.marts / "current" / path.name
        served.chmod(0o640)
        shutil.copyfile(path, served)
    shutil.rmtree(prepared)


def write_build(settings: Settings, version: int) -> None:
    """Make a build in place of the one that dbt makes."""
    build_path(settings).unlink(missing_ok=True)
    make_folder(build_path(settings).parent)
    with open_build(settings) as build:
        build.execute("create schema marts")
        build.execute(
            f"create table marts.customers as select range as customer_key, {version} as version"
            f" from range({CUSTOMERS})"
        )
        build.execute(
            f"create table marts.orders as select range as order_id, range % {CUSTOMERS} as"
            f" customer_key, {version} as version, (range * {version})::decimal(18, 4) as amount"
            f" from range({ORDERS})"
        )


def run_id(version: int) -> str:
    """Return the name of a release."""
    return f"{DAY}-{version:012x}"


def _mart(name: str) -> Mart:
    relation = f'"marts"."{name}"'
    return Mart(name, "core", relation, f"One row per {name}.", {}, frozenset())


MARTS = (_mart("customers"), _mart("orders"))

if __name__ == "__main__":
    sys.exit(main())
