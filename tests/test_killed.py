"""Commands are killed and given again: the short form of ``make faults``.

Each point here stands for a step of its own; ``make faults`` goes through all of them, and through
hundreds of random moments. The invariants themselves are tried first: what they look for, planted.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from etl.faults import POINTS
from etl.publish.release import MANIFEST
from tests.company.published import PublishedCompany
from tests.killed.ground import Ground, add_kept_bases, canaries, delivered_records, make_ground
from tests.killed.invariants import (
    broken_releases,
    differences,
    lake_rows,
    leftovers,
    mart_hashes,
    told,
    uncounted_records,
)
from tests.killed.reader import Reader
from tests.killed.scenes import SCENES
from tests.killed.trial import Undisturbed, killed, undisturbed

# What a command comes to when nobody kills it, by its name.
Good = Callable[[str], Undisturbed]
_SCENES = {scene.name: scene for scene in SCENES}
_AT = (
    ("land", "sieve.written:2"),
    ("land", "stage.marked:3"),
    ("land", "files.written:9"),
    ("land", "commit.linked:2"),
    ("land", "commit.created:1"),
    ("land", "commit.swept:1"),
    ("run", "ledger.caught_up:1"),
    ("run", "inputs.linked:4"),
    ("run", "dbt.after:3"),
    ("run", "build.proposed:1"),
    ("publish", "release.exported:20"),
    ("publish", "state.written:2"),
    ("publish", "state.committed:1"),
    ("publish", "current.before:1"),
    ("rotate", "rotate.encrypted:1"),
    ("export", "export.written:1"),
    ("compact", "compact.committed:1"),
    ("backup", "backup.pruned:1"),
    ("restore", "restore.exchanged:2"),
)


@pytest.fixture(scope="module")
def ground(published: PublishedCompany, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    made = make_ground(tmp_path_factory.mktemp("killed") / "ground", published.settings)
    add_kept_bases(made)
    return made


@pytest.fixture(scope="module")
def good(ground: Ground) -> Good:
    """What each command comes to when nobody kills it, worked out once."""

    @cache
    def of(name: str) -> Undisturbed:
        return undisturbed(ground, _SCENES[name])

    return of


def test_every_point_is_one_that_a_command_is_killed_at() -> None:
    taken = {point for point in POINTS for scene in SCENES if scene.takes(point)}
    assert taken == set(POINTS)


@pytest.mark.parametrize(("name", "point"), _AT, ids=lambda value: str(value))
def test_a_retry_mends_what_a_kill_left(ground: Ground, good: Good, name: str, point: str) -> None:
    trial = killed(ground, _SCENES[name], good(name), fault=point)
    assert trial.was_killed
    assert not trial.wrong


def test_a_landing_may_be_killed_at_any_moment(ground: Ground, good: Good) -> None:
    land, landed = _SCENES["land"], good("land")
    chance = random.Random(6)
    for _ in range(5):
        after = chance.uniform(0, landed.seconds)
        assert not killed(ground, land, landed, after=after).wrong


def test_a_point_that_is_not_come_to_is_told(ground: Ground, good: Good) -> None:
    trial = killed(ground, _SCENES["export"], good("export"), fault="export.done:2")
    assert trial.wrong == ("it never came to export.done:2, and ended with 0",)


def test_other_rows_are_told(ground: Ground) -> None:
    ground.put("released")
    before, marts = lake_rows(ground.settings), mart_hashes(ground.settings)
    assert not differences(before, before)
    ground.put("published")
    assert differences(lake_rows(ground.settings), before)
    assert "I1 other orders" in differences(mart_hashes(ground.settings), marts)


def test_a_release_with_another_byte_is_told(ground: Ground) -> None:
    ground.put("published")
    assert not broken_releases(ground.settings)
    release = (ground.settings.marts / "current").resolve()
    mart = release / "orders.parquet"
    content = mart.read_bytes()
    mart.unlink()
    mart.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    (release / "stray.parquet").touch()
    assert len(broken_releases(ground.settings)) == 2
    (release / MANIFEST).unlink()
    assert "I2 nothing is served" in broken_releases(ground.settings)


def test_readers_tell_what_they_must_not_see(ground: Ground) -> None:
    ground.put("published")
    releases = [ground.look()]
    marts = ground.settings.marts
    with Reader(marts, releases) as calm:
        pass
    ground.put("released")
    with Reader(marts, releases) as other:
        pass
    shutil.rmtree(marts)
    with Reader(marts, releases) as none:
        pass
    assert not calm.seen.wrong
    assert "I2 DuckDB shows rows of no release" in other.seen.wrong
    assert "I2 Parquet shows rows of no release" in other.seen.wrong
    assert "I2 a reader got" in none.seen.wrong[0]


def test_a_record_that_is_nowhere_is_told(ground: Ground) -> None:
    ground.put("published")
    assert not uncounted_records(ground.settings, delivered_records())
    more = {name: records + 1 for name, records in delivered_records().items()}
    assert len(uncounted_records(ground.settings, more)) == 9
    refused = min(ground.settings.rejects.iterdir())
    none = pl.read_parquet(refused).clear()
    refused.unlink()  # a link to the ground's own
    none.write_parquet(refused)
    (found,) = uncounted_records(ground.settings, delivered_records())
    assert "are accounted for" in found


def test_what_belongs_to_nothing_is_told(ground: Ground) -> None:
    ground.put("published")
    assert leftovers(ground.settings) == ([], [])
    places = ("raw/orders/stray.parquet", "rejects/stray.parquet", "state/orders/stray.parquet",
              "staged/crm/2026-03-31/0/staged.json", "marts/releases/stray")  # fmt: skip
    for place in places:
        path = ground.settings.data / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (ground.settings.staged / "_work" / "x").mkdir(parents=True)
    temporary = ground.settings.raw / ".tmp-x.part"
    temporary.touch()
    orphans, temporaries = leftovers(ground.settings)
    assert len(orphans) == len(places) + 1
    assert temporaries == [temporary]


def test_a_clear_value_in_a_log_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(f"conversion failed: '{canaries()[0]}'")
    assert told([log], canaries()) == [f"I5 {canaries()[0]!r} in log"]
