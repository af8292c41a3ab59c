"""The index answers from the commits, and is made again from them."""

import sqlite3

import pytest

from etl.errors import Busy, LakeCorrupt
from etl.files import read_json, write_json
from etl.ingest.staging import STAGED_NAME
from etl.lake import ledger as module
from etl.lake.ledger import Ledger
from tests.test_lake import commit, stage


def test_the_index_knows_what_was_committed(settings):
    stage(settings)
    commit(settings)
    ledger = Ledger(settings.raw)
    assert ledger.delivery_ids() == {"d1"}
    assert ledger.exports_on("orders", "2026-01-31") == {("shop", "orders")}
    assert ledger.exports_on("crm", "2026-01-31") == set()


def test_a_lost_index_is_made_again_from_the_commits(settings):
    stage(settings)
    commit(settings)
    assert Ledger(settings.raw).delivery_ids() == {"d1"}
    (settings.raw / "_ledger.sqlite").unlink()
    assert Ledger(settings.raw).delivery_ids() == {"d1"}


def test_a_commit_that_was_taken_back_leaves_the_index(settings):
    stage(settings)
    done = commit(settings)
    ledger = Ledger(settings.raw)
    assert ledger.delivery_ids()
    (settings.raw / "_commits" / f"{done['batch_id']}.json").unlink()
    assert ledger.delivery_ids() == set()


def test_a_new_reading_of_the_same_content_counts_alone(settings):
    for reading in ("old", "new"):
        folder = stage(settings, reading)
        staged = read_json(folder / STAGED_NAME)
        write_json(folder / STAGED_NAME, staged | {"sha256": "the same content"})
        done = commit(settings)
    assert Ledger(settings.raw).delivery_ids() == {"new"}
    (settings.raw / "_commits" / f"{done['batch_id']}.json").unlink()
    assert Ledger(settings.raw).delivery_ids() == {"old"}


@pytest.mark.parametrize("content", [b"garbage" * 100, None])
def test_an_index_that_cannot_be_used_is_made_again(settings, content):
    stage(settings)
    commit(settings)
    path = settings.raw / "_ledger.sqlite"
    if content is None:  # the tables of another version
        with sqlite3.connect(path) as connection:
            connection.execute("create table commits (batch text, at text)")
    else:
        path.write_bytes(content)
        path.with_name(f"{path.name}-journal").write_bytes(content)
    assert Ledger(settings.raw).delivery_ids() == {"d1"}
    assert Ledger(settings.raw).delivery_ids() == {"d1"}


def test_an_index_that_another_process_holds_is_busy_and_kept(settings, monkeypatch):
    monkeypatch.setattr(module, "_BUSY_TIMEOUT_SECONDS", 0)
    ledger = Ledger(settings.raw)
    with ledger.open():
        before = (settings.raw / "_ledger.sqlite").stat().st_ino
        with pytest.raises(Busy) as caught:
            ledger.delivery_ids()
    assert caught.value.where.endswith("_ledger.sqlite")
    assert caught.value.todo
    assert (settings.raw / "_ledger.sqlite").stat().st_ino == before


def test_a_failure_of_the_caller_takes_its_changes_back(settings):
    stage(settings)
    commit(settings)
    ledger = Ledger(settings.raw)
    assert ledger.delivery_ids() == {"d1"}
    with pytest.raises(ZeroDivisionError), ledger.open() as connection:
        connection.execute("delete from deliveries")
        raise ZeroDivisionError
    assert ledger.delivery_ids() == {"d1"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"sequence": 1}',
        '{"sequence": 1, "batch_id": "b", "deliveries": [{}]}',
    ],
)
def test_a_damaged_commit_is_named(settings, text):
    path = settings.raw / "_commits" / "b.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(LakeCorrupt) as caught:
        Ledger(settings.raw).delivery_ids()
    assert caught.value.where == str(path)
