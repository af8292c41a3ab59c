"""A tiny company at several points of its road, each kept as a folder that a trial starts from.

The company is that of ``systems/merged.md``: a shop, a CRM and a help desk, thirty records. One
export came the day before the others, so readers have a release while the rest arrives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from etl.config import PROJECT_ROOT, Settings, load_settings
from etl.files import make_folder, sha256_of
from etl.lake.commits import read_lake
from etl.publish.holds import lost_too_much
from etl.state import commit_state
from etl.warehouse.build import last_build
from etl.warehouse.transform import target_folder
from tests.company.recompiled import Recompiled
from tests.delivering import KEY
from tests.killed.command import Ended, Shell, call, write_recompiled
from tests.killed.reader import look_at
from tests.systems.landing import SYSTEMS, expected_of, mapping_of

NAMES = ("hubspot", "shopify", "zendesk")
ZONE = "America/New_York"
BEFORE, DAY, AFTER = date(2026, 3, 30), date(2026, 3, 31), date(2026, 4, 1)
MONTH = "2026-03"
_LAST_TICKETS = "tickets_2026-03-30.csv"
_SIXTY_DAYS = 60 * 86_400
_ALWAYS, _ACCEPTED_AT = date(1900, 1, 1), datetime(2026, 4, 1, tzinfo=UTC)
# Shorter texts turn up by chance in some megabytes of hashes.
_MIN_CANARY = 8


@dataclass(frozen=True)
class Program(Shell):
    """The installed program, as a user starts it."""

    def run(self, *arguments: str, fault: str = "", after: float | None = None) -> Ended:
        """Run a command to its end, to the point ``fault``, or for ``after`` seconds."""
        environment = {**os.environ, **self.environment, "FAULT_AT": fault}
        program = Path(sys.executable).with_name("loyalty")
        started = time.perf_counter()
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [program, *arguments], stdout=log, stderr=log, env=environment, cwd=PROJECT_ROOT
            )
            try:
                process.wait(after)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return Ended(process.returncode, time.perf_counter() - started)


@dataclass(frozen=True)
class Ground:
    """Where trials take place: deliveries beside a folder ``now``, which each trial has anew.

    Args:
        root: Holds ``landing``, ``mappings``, ``bases`` and ``now``.
        settings: Of the data root ``now/data``.
        shell: Runs commands there, with the SQL that dbt compiled.
        program: Runs the installed ``loyalty`` there, dbt and all.
    """

    root: Path
    settings: Settings
    shell: Shell
    program: Program

    @property
    def now(self) -> Path:
        """Data root, backups and lists of the trial that is on."""
        return self.root / "now"

    def keep(self, base: str) -> None:
        """Keep what is there now, as a base."""
        shutil.copytree(self.now, self.root / "bases" / base, symlinks=True)

    def put(self, base: str) -> None:
        """Start from a base; nothing of the trial before is left."""
        shutil.rmtree(self.now, ignore_errors=True)
        kept = self.root / "bases" / base
        shutil.copytree(kept, self.now, symlinks=True, copy_function=_link_or_copy)
        self.shell.log.unlink(missing_ok=True)

    def do(self, *arguments: str) -> Ended:
        """Run a command that nobody disturbs.

        Raises:
            AssertionError: It failed; with what it said.
        """
        ended = self.shell.run(*arguments)
        assert ended.code == 0, f"{arguments}: {self.shell.log.read_text()}"
        return ended

    def look(self) -> list[Any]:
        """Return what a reader sees of what is served."""
        seen: list[Any] = call(look_at, self.settings.marts / "current")
        return seen


def delivered_records() -> dict[str, int]:
    """Return the records of each file, counted by hand."""
    files = {name: f for system in NAMES for name, f in expected_of(system)["files"].items()}
    return {name: file["records"] for name, file in files.items()} | {_april(): 0}


def canaries() -> list[str]:
    """Return clear personal values of the deliveries."""
    found = {text for system in NAMES for text in expected_of(system)["personal"]}
    return sorted(text for text in found if len(text) >= _MIN_CANARY)


def make_ground(root: Path, donor: Settings | None = None) -> Ground:
    """Deliver the company and take it along its road, keeping what a trial may start from.

    Args:
        root: An empty folder.
        donor: A finished build, by dbt, whose SQL is taken; made here when None.
    """
    ground = _delivered(root)
    _land_and_forget(ground, donor)
    ground.do("run", *as_of(BEFORE))
    ground.keep("released")
    for command, base in (("land", "landed"), ("build", "built")):
        ground.do(command, *as_of(DAY))
        ground.keep(base)
    ground.do("publish")
    ground.keep("published")
    return ground


def as_of(day: date) -> tuple[str, str]:
    """Return the option that names a day."""
    return "--as-of", day.isoformat()


def add_kept_bases(ground: Ground) -> None:
    """Keep what housekeeping starts from: a month to join, a backup, things that are old."""
    ground.put("published")
    ground.do("backup", *backup_places(ground))
    ground.keep("backed_up")
    ground.do("land", *as_of(AFTER))
    ground.keep("april")
    ground.put("published")
    old = time.time() - _SIXTY_DAYS
    for path in ground.settings.rejects.iterdir():
        os.utime(path, (old, old))
    ground.keep("aged")


def backup_places(ground: Ground) -> tuple[str, ...]:
    """Return the options that say where backups go."""
    return "--to", str(ground.now / "backup"), "--vault-to", str(ground.now / "vault_backup")


def listed(folder: Path) -> dict[str, str]:
    """Return every file below a folder with its sha256."""
    return {
        str(path.relative_to(folder)): sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _link_or_copy(source: str, target: str) -> None:
    """Link what is never written in place: Parquet, and all that is in a release."""
    is_whole = source.endswith(".parquet") or "/releases/" in source or "/backup/" in source
    (os.link if is_whole else shutil.copy2)(source, target)


def _april() -> str:
    return _LAST_TICKETS.replace(BEFORE.isoformat(), AFTER.isoformat())


def _delivered(root: Path) -> Ground:
    """Write deliveries, mappings and the key."""
    (root / "mappings").mkdir(parents=True)
    for name in NAMES:
        (root / "mappings" / f"{name}.yml").write_text(mapping_of(name, ZONE))
        shutil.copytree(SYSTEMS / name / "exports", root / "landing" / name)
    tickets = SYSTEMS / "zendesk" / "exports" / BEFORE.isoformat() / _LAST_TICKETS
    april = root / "landing" / "zendesk" / AFTER.isoformat() / _april()
    april.parent.mkdir()
    # A header alone: nothing happened, and March is over.
    april.write_bytes(tickets.read_bytes().splitlines(keepends=True)[0])
    key_file = root / "pseudonym.key"
    key_file.write_text(KEY.hex())
    key_file.chmod(0o600)
    environment = {
        "LOYALTY_DATA": str(root / "now" / "data"),
        "LOYALTY_LANDING": str(root / "landing"),
        "LOYALTY_MAPPINGS": str(root / "mappings"),
        "LOYALTY_KEY_FILE": str(key_file),
        # The second backup lets the first one go.
        "LOYALTY_KEEP_GENERATIONS": "1",
    }
    settings = load_settings(
        data=root / "now" / "data", landing=root / "landing", mappings=root / "mappings"
    )
    return Ground(
        root,
        replace(settings, key_file=key_file),
        Shell(environment, root / "recompiled", root / "log"),
        Program(environment, None, root / "log"),
    )


def _land_and_forget(ground: Ground, donor: Settings | None) -> None:
    """Learn which deliveries need somebody's word, and what SQL dbt makes; leave only those."""
    ground.do("land", *as_of(DAY))
    lossy = [d["delivery_id"] for d in read_lake(ground.settings).deliveries if lost_too_much(d)]
    if donor is None:
        ended = ground.program.run("build", *as_of(DAY))
        assert ended.code == 0, ground.program.log.read_text()
    built = donor or ground.settings
    last = last_build(built)
    assert last is not None
    assert ground.shell.recompiled is not None
    recompiled = Recompiled.of(built, last.record.as_of_date, ground.root / "seeds")
    write_recompiled(recompiled, ground.shell.recompiled)
    manifest = (target_folder(built) / "manifest.json").read_bytes()
    shutil.rmtree(ground.now)
    make_folder(target_folder(ground.settings))
    (target_folder(ground.settings) / "manifest.json").write_bytes(manifest)
    accepted = {"delivery_id": lossy, "accepted_at": [_ACCEPTED_AT] * len(lossy)}
    commit_state(
        ground.settings, "accepted", _ALWAYS, {"accepted_deliveries": pl.DataFrame(accepted)}
    )
