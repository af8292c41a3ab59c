"""Time and peak memory of each step of the route on the demo, and what Airflow adds.

    make bench

Runs the demo's exports through the command line and through the DAGs, each in an empty data root,
every step in a process of its own. CPU and peak memory are the operating system's figures of the
finished process (its largest child included). Times on a shared machine vary: quote the ratio.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DAY = "2017-12-31"
LOYALTY = str(Path(sys.executable).with_name("loyalty"))


@dataclass(frozen=True)
class Measure:
    """What one finished process took."""

    step: str
    wall_seconds: float
    cpu_seconds: float
    peak_mib: float

    def line(self) -> str:
        return (
            f"{self.step:<24}{self.wall_seconds:>9.1f}{self.cpu_seconds:>9.1f}"
            f"{self.peak_mib:>10.0f}"
        )


def measure(step: str, command: list[str], data: Path) -> Measure:
    """Run a command in a data root of its own and return what it took."""
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=PROJECT,
        env={**os.environ, "LOYALTY_DATA": str(data), "LOYALTY_LANDING": str(data / "landing")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"{step} failed: {' '.join(command)}")
    return Measure(
        step,
        time.monotonic() - started,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 1024,
    )


def main() -> None:
    """Print the table and the ratio of the DAGs to the command line."""
    with tempfile.TemporaryDirectory(prefix="loyalty-bench-") as folder:
        by_cli, by_dags = Path(folder) / "cli", Path(folder) / "dags"
        steps = [measure("demo exports", [LOYALTY, "demo"], by_cli)]
        shutil.copytree(by_cli / "landing", by_dags / "landing")
        steps += [
            measure("land", [LOYALTY, "land", "--as-of", DAY], by_cli),
            measure("build", [LOYALTY, "build", "--as-of", DAY], by_cli),
            measure("publish", [LOYALTY, "publish"], by_cli),
        ]
        dags = measure("DAGs in Airflow", [sys.executable, "scripts/run_dags.py", DAY], by_dags)
    print(f"{'step':<24}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}")
    for step in [*steps, dags]:
        print(step.line())
    route = steps[1:]
    wall = sum(step.wall_seconds for step in route)
    cpu = sum(step.cpu_seconds for step in route)
    print(f"\nland + build + publish {wall:>10.1f}{cpu:>9.1f}")
    print(
        f"Airflow over the command line: x{dags.wall_seconds / wall:.2f} wall "
        f"(+{dags.wall_seconds - wall:.1f} s), x{dags.cpu_seconds / cpu:.2f} CPU"
    )


if __name__ == "__main__":
    main()
