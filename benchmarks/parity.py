"""The same lake built by DuckDB and by Spark: every mart compared, time and memory of each.

    make parity                  the small, made-up company of the tests: 1,433 orders
    make parity SCALE=demo       the demo company; LOYALTY_SPARK_MEMORY and _PARTITIONS: set them

Each engine builds and publishes in a process and a data root of its own, from the same committed
files, every data test included. Memory and CPU time are sums over the process and its children,
read five times a second. Exits with 1 when a mart differs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

import pytest  # noqa: E402

from etl import route  # noqa: E402
from etl.config import ENGINES, Settings, load_settings  # noqa: E402
from etl.files import read_json  # noqa: E402
from etl.publish.compare import Comparison, compare_marts  # noqa: E402
from etl.publish.marts import read_marts  # noqa: E402
from etl.warehouse.database import scratch  # noqa: E402
from etl.warehouse.transform import target_folder  # noqa: E402
from tests.company.generate import MAPPINGS, write_company  # noqa: E402
from tests.company.published import lower_the_gate  # noqa: E402

DEMO_DAY = date(2017, 12, 31)
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Measure:
    """What one engine's build and publish took."""

    engine: str
    wall_seconds: float
    cpu_seconds: float
    peak_mib: float


def settings_in(root: Path, engine: str, scale: str) -> Settings:
    """Settings of one engine's own data root; the key is shared so that tokens agree."""
    mappings = MAPPINGS if scale == "small" else None
    settings = load_settings(data=root / engine, landing=root / "landing", mappings=mappings)
    return replace(settings, engine=engine, key_file=root / "pseudonym.key")


def land(root: Path, scale: str) -> date:
    """Deliver the exports, bring them into the lake once, and give each engine a copy."""
    first = settings_in(root, ENGINES[0], scale)
    if scale == "small":
        day = write_company(first.landing).as_of
    else:
        from etl.demo import write_demo

        day = DEMO_DAY
        write_demo(first, lambda _: None)
    route.land(first, day)
    for engine in ENGINES[1:]:
        shutil.copytree(first.raw, settings_in(root, engine, scale).raw, copy_function=os.link)
    return day


def build(root: Path, engine: str, scale: str, day: date) -> None:
    """Build and publish on one engine; runs in a process of its own."""
    if scale == "small":
        lower_the_gate(pytest.MonkeyPatch())
    route.build_and_publish(settings_in(root, engine, scale), day)


def measured(root: Path, engine: str, scale: str, day: date) -> Measure:
    """Run one engine's build in a new process and watch it."""
    command = [sys.executable, __file__, str(root), engine, scale, day.isoformat()]
    log = root / f"{engine}.log"
    started, peak, cpu = time.monotonic(), 0, 0
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=PROJECT, stdout=output, stderr=output)
        while process.poll() is None:
            family = _family(process.pid)
            peak = max(peak, sum(_resident_bytes(pid) for pid in family))
            cpu = max(cpu, sum(_ticks(pid) for pid in family))
            time.sleep(0.2)
    if process.returncode:
        sys.exit(f"{engine} failed:\n{log.read_text()[-3000:]}")
    return Measure(engine, time.monotonic() - started, cpu / _TICKS_A_SECOND, peak / 2**20)


def _family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(c) for t in tasks for c in (t / "children").read_text().split()]
    except OSError:
        return []
    return [pid, *(member for child in children for member in _family(child))]


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


def _ticks(pid: int) -> int:
    """Return the processor time of a process and of its children that have ended."""
    try:
        # The name, in brackets, may hold anything; user and system time are fields 14 to 17.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(int(field) for field in fields[11:15])


def compared(root: Path, scale: str) -> list[Comparison]:
    """Compare the two releases."""
    first, second = (settings_in(root, engine, scale) for engine in ENGINES)
    with scratch(first) as connection:
        return compare_marts(
            connection,
            first.marts / "current",
            second.marts / "current",
            read_marts(target_folder(first)),
        )


def report(root: Path, scale: str, found: list[Comparison], measures: list[Measure]) -> None:
    """Print marts and engines."""
    hashes = [_hashes(settings_in(root, engine, scale)) for engine in ENGINES]
    print(f"{'mart':<32}{'rows':>10}{'differing':>11}  logical hash on both, or what differs")
    for mart in found:
        differing = mart.unmatched + sum(n for _, n in mart.cells)
        same = hashes[0].get(mart.mart) == hashes[1].get(mart.mart)
        told = hashes[0][mart.mart] if same else _told(mart)
        print(f"{mart.mart:<32}{mart.rows[0]:>10}{differing:>11}  {told}")
    print(f"\n{'build and publish':<20}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}")
    for m in measures:
        print(f"{m.engine:<20}{m.wall_seconds:>9.1f}{m.cpu_seconds:>9.1f}{m.peak_mib:>10.0f}")


def _hashes(settings: Settings) -> dict[str, str]:
    marts: dict[str, Any] = read_json(settings.marts / "current" / "manifest.json")["marts"]
    return {name: mart["logical_hash"] for name, mart in marts.items()}


def _told(mart: Comparison) -> str:
    cells = ", ".join(f"{column} ({count})" for column, count in mart.cells)
    rows = f"{mart.rows[1]} rows on Spark, {mart.unmatched} unmatched" if mart.unmatched else ""
    return "; ".join(part for part in (mart.shape, rows, cells) if part) or "the last place only"


def main() -> int:
    """Land, build twice, compare; return the exit code."""
    scale = os.environ.get("SCALE") or "small"
    if scale not in {"small", "demo"}:
        sys.exit(f"SCALE={scale} is neither small nor demo.")
    with tempfile.TemporaryDirectory(prefix="loyalty-parity-") as folder:
        root = Path(folder)
        day = land(root, scale)
        measures = [measured(root, engine, scale, day) for engine in ENGINES]
        found = compared(root, scale)
        report(root, scale, found, measures)
    different = [mart.mart for mart in found if not mart.is_equal]
    print(f"\ndifferent: {', '.join(different)}" if different else "\nevery mart is equal")
    return 1 if different else 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        build(Path(sys.argv[1]), sys.argv[2], sys.argv[3], date.fromisoformat(sys.argv[4]))
    else:
        sys.exit(main())
