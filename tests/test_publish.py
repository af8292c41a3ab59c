"""A release is whole, read-only and reproducible; ``current`` only moves forward."""

from __future__ import annotations

import dataclasses
import functools
from datetime import date
from pathlib import Path

import pytest

from etl.errors import LoyaltyError
from etl.publish.release import make_current, read_current
from etl.warehouse.database import read_only
from tests.publishing import RECORD, publish


@pytest.fixture
def release(settings):
    """Publish a build whose one mart holds the given rows."""
    return functools.partial(publish, settings)


def served_ids(settings):
    with read_only(settings.marts / "current" / "loyalty.duckdb") as reader:
        return [
            row[0] for row in reader.execute("select order_id from orders order by 1").fetchall()
        ]


def test_a_release_holds_the_database_the_parquet_and_the_manifest(settings, release):
    folder, manifest = release()
    assert {p.name for p in folder.iterdir()} == {
        "loyalty.duckdb",
        "orders.parquet",
        "manifest.json",
    }
    assert {p.stat().st_mode & 0o777 for p in folder.iterdir()} == {0o440}
    assert manifest["marts"]["orders"]["rows"] == 2
    assert read_current(settings)["run_id"] == RECORD.run_id
    assert served_ids(settings) == ["a", "b"]


def test_any_duckdb_from_1_0_on_can_open_a_release(settings, release):
    release()
    with read_only(settings.marts / "current" / "loyalty.duckdb") as reader:
        (told,) = reader.execute(
            "select tags from duckdb_databases() where database_name = 'loyalty'"
        ).fetchone()
    assert told == {"storage_version": "v1.0.0+"}


def test_comments_reach_the_published_database(settings, release):
    release()
    with read_only(settings.marts / "current" / "loyalty.duckdb") as reader:
        (comment,) = reader.execute(
            "select comment from duckdb_columns() where column_name = 'order_id'"
        ).fetchone()
    assert comment == "The order's id."


def test_a_reader_keeps_its_release_while_the_next_is_published(settings, release):
    release()
    later = dataclasses.replace(RECORD, run_id="2026-02-01-bbbbbbbbbbbb", as_of="2026-02-01")
    with read_only(settings.marts / "current" / "loyalty.duckdb") as reader:
        release("values ('z', 1)", later)
        assert len(reader.execute("select * from orders").fetchall()) == 2
    assert served_ids(settings) == ["z"]


def test_current_never_moves_to_an_earlier_day(settings, release):
    release()
    earlier = dataclasses.replace(RECORD, run_id="2026-01-30-bbbbbbbbbbbb", as_of="2026-01-30")
    folder, _ = release("values ('old', 1)", earlier)
    assert not make_current(settings, folder, date(2026, 1, 30))
    assert served_ids(settings) == ["a", "b"]
    assert folder.is_dir()


def test_the_same_run_with_the_same_rows_keeps_its_release(settings, release):
    folder, first = release()
    inode = (folder / "orders.parquet").stat().st_ino
    _, second = release("values ('b', 9), ('a', 9)")  # other order, other volatile values
    assert second == first | {"published_at": second["published_at"]}
    assert (folder / "orders.parquet").stat().st_ino == inode


def test_the_same_run_with_other_rows_is_refused_and_nothing_changes(settings, release):
    release()
    with pytest.raises(LoyaltyError, match=r"NOT_REPRODUCIBLE.*orders"):
        release("values ('a', 1), ('c', 2)")
    assert served_ids(settings) == ["a", "b"]


def test_current_is_never_absent_while_it_moves(settings, release, monkeypatch):
    """Watched at each change of a name: readers find one release or the other."""
    release()
    seen = []

    def watched(name):
        original = getattr(Path, name)

        def change(path, *arguments, **options):
            seen.append((settings.marts / "current").resolve().name)
            done = original(path, *arguments, **options)
            seen.append((settings.marts / "current").resolve().name)
            return done

        return change

    for name in ("rename", "replace", "symlink_to", "unlink"):
        monkeypatch.setattr(Path, name, watched(name))
    later = dataclasses.replace(RECORD, run_id="2026-02-01-bbbbbbbbbbbb", as_of="2026-02-01")
    release(record=later)
    assert set(seen) == {RECORD.run_id, later.run_id}
