"""Fill a small disk at named points of the road, in a process and on a file system of its own.

``python -m tests.filling ROOT`` expects little room at ROOT and prints one line of JSON per point:
what the step said, what it left behind, whether what was there before is whole and served, and
whether the same step went through once there was room again.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl

from benchmarks.clash import MARTS, run_id, write_build
from etl import faults, route
from etl.config import KeepRules, Settings
from etl.errors import LoyaltyError
from etl.files import make_folder, sha256_of, write_document, write_json
from etl.keep.backup import back_up
from etl.keep.compaction import compact_lake
from etl.keep.generations import newest, verify_generation
from etl.lake.commits import read_lake, verify_files
from etl.lake.snapshot import write_snapshot
from etl.privacy.vault import Vault
from etl.publish.release import open_current, verify_release
from etl.space import full_disk_named
from etl.state import verify_state
from etl.warehouse.database import record_path
from etl.warehouse.record import BuildRecord
from etl.warehouse.transform import target_folder
from tests.delivering import BASKETS, GOOD, HEADER, make_stage

FIRST, LAST = date(2024, 6, 1), date(2024, 12, 31)
NAMED_BY_DAY = 'time_zone: UTC\n    business_day: "_([0-9-]+)"'
LANDING = (
    "discover.found", "stage.begun", "gate.read", "sieve.shaped", "sieve.typed", "sieve.written",
    "stage.prepared", "stage.marked", "stage.placed", "commit.linked", "commit.written",
    "files.written",
)  # fmt: skip
PUBLISHING = (
    "publish.allowed", "release.exported", "release.loaded", "release.prepared", "state.written",
    "state.committed", "release.named", "current.before",
)  # fmt: skip
TEMPORARY = (".tmp-*", "*.part", "*-journal")


class Disk:
    """The small file system, and the data root on it."""

    def __init__(self, root: Path) -> None:
        yaml = BASKETS.replace("time_zone: UTC", NAMED_BY_DAY)
        stage = make_stage(root.parent / "elsewhere", yaml)
        keep = KeepRules(landing_space_factor=0, small_file_mb=1)
        self.filler = root / "filler"
        self.backups = root / "backup"
        self.settings = replace(stage.settings, data=root / "data", keep=keep)
        self.number = 0

    def fill(self, *_: object) -> None:
        """Leave not one block."""
        with suppress(OSError), self.filler.open("wb", buffering=0) as file:
            for size in (1 << 16, 1 << 12):
                with suppress(OSError):
                    while file.write(bytes(size)):
                        pass

    def land(self) -> Callable[[], object]:
        """Deliver a new day, to be landed."""
        self.number += 1
        day = FIRST + timedelta(days=self.number)
        self.deliver(day)
        return lambda: route.land(self.settings, LAST)

    def deliver(self, day: date) -> None:
        rows = [row.replace("b1", f"b{day}") for row in GOOD]
        path = self.settings.landing / "shop" / f"baskets_{day}.csv"
        make_folder(path.parent)
        path.write_text("".join(f"{line}\n" for line in (HEADER, *rows)))

    def publish(self) -> Callable[[], object]:
        """Make a new build that proposes something to state, to be published."""
        self.number += 1
        write_build(self.settings, self.number)
        proposal = record_path(self.settings).with_name("numbers.parquet")
        pl.DataFrame({"number": [self.number]}).write_parquet(proposal)
        record = asdict(BuildRecord(run_id(self.number), LAST.isoformat(), "l", "s", "c", {}))
        kept = {"numbers": sha256_of(proposal)}
        write_document(record_path(self.settings), {"record": record, "proposals": kept})
        write_manifest(self.settings)
        return lambda: route.publish_last(self.settings, route.silent, ())

    def lay_inputs(self) -> Callable[[], object]:
        return lambda: write_snapshot(self.settings, read_lake(self.settings))

    def back_up(self) -> Callable[[], object]:
        vault = self.backups / "vault"
        return lambda: back_up(self.settings, self.backups / "warehouse", vault, route.silent)

    def compact(self) -> Callable[[], object]:
        self.land()()
        return lambda: compact_lake(self.settings, route.silent)

    def rotate(self) -> Callable[[], object]:
        return lambda: Vault(self.settings).rotate()

    def temporaries(self) -> list[str]:
        """Return what a step should not have left."""
        roots = (self.settings.data, self.backups)
        found = [path for root in roots for name in TEMPORARY for path in root.rglob(name)]
        found += (self.settings.staged / "_work").glob("*")
        return sorted(str(path.relative_to(self.settings.data.parent)) for path in found)

    def served(self) -> str:
        """Verify all that is committed, published and backed up; return what readers get."""
        verify_files(read_lake(self.settings).files)
        verify_state(self.settings)
        generation = newest(self.backups / "warehouse")
        if generation:
            verify_generation(generation)
        verify_release((self.settings.marts / "current").resolve())
        with open_current(self.settings) as (connection, manifest):
            connection.execute("from orders").fetchall()
            return str(manifest["run_id"])


def write_manifest(settings: Settings) -> None:
    """Write what dbt says of the marts, as far as a release needs it."""
    nodes = {
        mart.name: {
            "resource_type": "model", "unique_id": mart.name, "fqn": ["loyalty", "marts", "core"],
            "alias": mart.name, "schema": "marts", "description": mart.description, "columns": {},
        }
        for mart in MARTS
    }  # fmt: skip
    write_json(target_folder(settings) / "manifest.json", {"nodes": nodes})


@contextmanager
def full_at(disk: Disk, point: str) -> Iterator[None]:
    """Have the disk filled when the process comes to a point the next time."""
    faults.os = SimpleNamespace(kill=disk.fill, getpid=os.getpid)  # type: ignore[attr-defined]
    os.environ["FAULT_AT"] = f"{point}:{faults.times_reached().get(point, 0) + 1}"
    try:
        yield
    finally:
        del os.environ["FAULT_AT"]


def seen_at(disk: Disk, point: str, step: Callable[[], object]) -> dict[str, Any]:
    """Run a step on a disk that is full from a point on, then again with room."""
    before, said = disk.served(), "done"
    try:
        with full_at(disk, point), full_disk_named():
            step()
    except LoyaltyError as error:
        said = error.code
    reached = disk.filler.exists()
    left, while_full = disk.temporaries(), disk.served()
    disk.filler.unlink(missing_ok=True)
    step()
    return {
        "point": point,
        "reached": reached,
        "said": said,
        "left": left,
        "served_the_old": while_full == before or said == "done",
        "left_after_retry": disk.temporaries(),
        "served_after_retry": disk.served(),
    }


def main(root: Path) -> None:
    """Go through all points; what is not wanted any more makes room for the next."""
    disk = Disk(root)
    for day in (FIRST, LAST):
        disk.deliver(day)
    disk.land()()
    disk.publish()()
    disk.back_up()()
    steps = [(point, disk.land) for point in LANDING] + [(p, disk.publish) for p in PUBLISHING]
    steps += [
        ("inputs.linked", disk.lay_inputs), ("backup.copied", disk.back_up),
        ("compact.joined", disk.compact), ("rotate.prepared", disk.rotate),
    ]  # fmt: skip
    for point, prepare in steps:
        sys.stdout.write(json.dumps(seen_at(disk, point, prepare())) + "\n")
        for release in (disk.settings.marts / "releases").iterdir():
            if release != (disk.settings.marts / "current").resolve():
                shutil.rmtree(release)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
