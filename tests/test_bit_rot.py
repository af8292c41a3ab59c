"""A byte that flipped on the disk is named, with its file, or changes nothing; no number is wrong.

Each kind of file is written as runs write it. Then one bit after another is flipped in place, and
each time the file is used as runs use it: what comes back is the error, or what came back before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from etl.config import Settings
from etl.errors import LakeCorrupt, LoyaltyError
from etl.files import DIGEST, read_json, sha256_of, write_document, write_json
from etl.ingest.staging import STAGED_NAME
from etl.keep.backup import back_up
from etl.keep.generations import read_generation, verify_generation
from etl.lake.commits import COMMITS, data_path, read_lake, verify_files
from etl.lake.ledger import Ledger
from etl.lake.quarantine import Filter, reject_rows
from etl.lake.snapshot import write_snapshot
from etl.privacy.suppression import list_path, read_erased, suppress
from etl.privacy.vault import Vault, load_or_create_key
from etl.publish.release import MANIFEST, open_current, verify_release
from etl.state import commit_state, read_state
from etl.warehouse.build import last_build
from etl.warehouse.database import BUILD_NAME, build_path, open_build, record_path
from tests.publishing import MART, RECORD, publish, write_build
from tests.test_lake import DAY, commit, stage

NUMBERS = {"name": pl.String(), "amount": pl.Int64()}
TOKENS = ("t1", "t2", "t3")
REJECT_COLUMNS = (
    "delivery_id", "source_system", "source_file", "table", "column", "reason", "value", "raw_json",
)  # fmt: skip
REASON = "NOT_A_NUMBER"
CODES = {"LAKE_CORRUPT", "BACKUP_CORRUPT", "VAULT_CORRUPT", "KEY_CHANGED", "KEY_INVALID"}
# Places in each file; every byte of those that are smaller.
PLACES = 60


@dataclass(frozen=True)
class Kind:
    """One kind of file: where it lies, and what a run gets out of it."""

    path: Callable[[Settings], Path]
    use: Callable[[Settings], Any]


def in_folder(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


def of_lake(settings: Settings) -> Any:
    lake = read_lake(settings)
    verify_files(lake.files)
    return lake


def of_state(settings: Settings) -> Any:
    return read_state(settings, "numbers", NUMBERS, DAY).rows()


def of_index(settings: Settings) -> Any:
    ledger = Ledger(settings.raw)
    return ledger.delivery_ids(), ledger.exports_on("orders", DAY.isoformat())


def of_vault(settings: Settings) -> Any:
    return Vault(settings).reveal_all(TOKENS)


def of_key(settings: Settings) -> Any:
    return load_or_create_key(settings)


def of_erased(settings: Settings) -> Any:
    erased = read_erased(settings)
    return erased.digests, erased.successors


def of_staged(settings: Settings) -> Any:
    return commit(settings)


def of_quarantine(settings: Settings) -> Any:
    return reject_rows(settings, Filter(), 9).rows()


def of_release(settings: Settings) -> Any:
    return verify_release(current(settings))


def of_served(settings: Settings) -> Any:
    with open_current(settings) as (connection, manifest):
        return connection.execute("from orders order by all").fetchall(), manifest


def of_build(settings: Settings) -> Any:
    with open_build(settings) as build:
        return build.execute(f"from {MART.relation} order by all").fetchall()


def of_record(settings: Settings) -> Any:
    built = last_build(settings)
    assert built is not None
    return asdict(built.record), {name: rows.rows() for name, rows in built.proposals.items()}


def of_backup(settings: Settings) -> Any:
    generation = read_generation(backup(settings))
    return verify_generation(generation), generation


def current(settings: Settings) -> Path:
    return (settings.marts / "current").resolve()


def backup(settings: Settings) -> Path:
    return in_folder(settings.data.parent / "backup", "[0-9]*")


KINDS = {
    "lake Parquet": Kind(lambda s: data_path(s.raw, "orders", "d1"), of_lake),
    "lake commit": Kind(lambda s: in_folder(s.raw / COMMITS, "*.json"), of_lake),
    "index of commits": Kind(lambda s: s.raw / "_ledger.sqlite", of_index),
    "state Parquet": Kind(lambda s: in_folder(s.state / "numbers", "*.parquet"), of_state),
    "state commit": Kind(lambda s: in_folder(s.state / "_commits", "*.json"), of_state),
    "vault": Kind(lambda s: s.vault / "vault.sqlite", of_vault),
    "pseudonym key": Kind(lambda s: s.key_file, of_key),
    "id of the key": Kind(lambda s: s.raw / "_key.json", of_key),
    "vault key": Kind(lambda s: s.vault / "vault.key", of_vault),
    "list of the erased": Kind(list_path, of_erased),
    "staged Parquet": Kind(lambda s: staged(s) / "orders.parquet", of_staged),
    "staged rejects": Kind(lambda s: staged(s) / "rejects.parquet", of_staged),
    "staged document": Kind(lambda s: staged(s) / STAGED_NAME, of_staged),
    "quarantine": Kind(lambda s: s.rejects / "d1.parquet", of_quarantine),
    "release, database": Kind(lambda s: current(s) / BUILD_NAME, of_served),
    "release, Parquet": Kind(lambda s: current(s) / "orders.parquet", of_release),
    "release, manifest": Kind(lambda s: current(s) / MANIFEST, of_served),
    "build, database": Kind(build_path, of_build),
    "build, record": Kind(record_path, of_record),
    "build, proposal": Kind(lambda s: record_path(s).with_name("numbers.parquet"), of_record),
    "backup, file": Kind(lambda s: backup(s) / "raw" / "orders" / "d1.parquet", of_backup),
    "backup, manifest": Kind(lambda s: backup(s) / MANIFEST, of_backup),
}


def staged(settings: Settings) -> Path:
    return in_folder(settings.staged / "orders" / DAY.isoformat(), "d2")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory, settings_in) -> Settings:
    """One of each: a commit, state, a vault, a staged delivery, a build, a release, a backup."""
    root = tmp_path_factory.mktemp("rot")
    settings = settings_in(root / "data")
    load_or_create_key(settings)
    pairs = pl.DataFrame({"token": TOKENS, "value": ["Ann", "Bob", "Cleo"]})
    with_rejects(stage(settings, "d1"))
    commit(settings)
    load_or_create_key(settings)
    numbers = pl.DataFrame({"name": ["a", "b"], "amount": [1, 2]}, schema=NUMBERS)
    commit_state(settings, "c1", DAY, {"numbers": numbers})
    Vault(settings).remember("name", pairs)
    suppress(settings, ["0" * 32, "1" * 32], {"0" * 32: "ab"})
    publish(settings)
    write_build(settings)
    numbers.write_parquet(record_path(settings).with_name("numbers.parquet"))
    kept = {"numbers": sha256_of(record_path(settings).with_name("numbers.parquet"))}
    write_document(record_path(settings), {"record": asdict(RECORD), "proposals": kept})
    back_up(settings, root / "backup", None, print, without_vault=True)
    with_rejects(stage(settings, "d2"))
    Ledger(settings.raw).delivery_ids()
    return settings


@contextmanager
def flipped(path: Path, content: bytes, place: int) -> Iterator[None]:
    """Flip one bit of a file, in place as a disk does it; put the file back afterwards."""
    changed = bytearray(content)
    changed[place] ^= 1 << place % 8
    write_over(path, changed)
    try:
        yield
    finally:
        write_over(path, content)


def write_over(path: Path, content: bytes) -> None:
    path.chmod(path.stat().st_mode | 0o200)
    path.write_bytes(content)


def assert_names(error: LoyaltyError, path: Path) -> None:
    assert error.code in CODES
    beside = path.with_name("vault.sqlite")  # which knows its key, and is no better
    assert str(path) in error.where or (path.name == "vault.key" and str(beside) in error.where)
    assert error.todo


def with_rejects(folder: Path) -> None:
    """Give a staged delivery a refused row, and the seal that real staging gives."""
    rows = {name: ["x"] for name in REJECT_COLUMNS} | {"source_row": [7], "reason": [REASON]}
    path = folder / "rejects.parquet"
    pl.DataFrame(rows).write_parquet(path)
    counted = {"table": "orders", "column": "x", "reason": REASON, "rows": 1, "amount": None}
    refused = {"rows": 1, "sha256": sha256_of(path), "by_reason": [counted]}
    write_document(folder / STAGED_NAME, {**read_json(folder / STAGED_NAME), "rejects": refused})


@pytest.mark.parametrize("name", KINDS)
def test_a_flipped_byte_is_named_or_changes_nothing(warehouse: Settings, name: str) -> None:
    kind = KINDS[name]
    path = kind.path(warehouse)
    healthy = None if kind.use is of_staged else kind.use(warehouse)
    content = path.read_bytes()
    step = max(1, len(content) // PLACES)
    named = 0
    for place in range(0, len(content), step):
        with flipped(path, content, place):
            try:
                assert kind.use(warehouse) == healthy, f"byte {place}"
            except LoyaltyError as error:
                named += 1
                assert_names(error, path)
            except PermissionError as error:  # the byte of SQLite's header that forbids writing
                named += 1
                assert error.filename == str(path)
    assert named or name == "index of commits"  # which is made again


def test_inputs_of_an_earlier_run_are_never_believed(warehouse: Settings) -> None:
    """Links to committed files are verified, and the rest is written anew."""
    lake = read_lake(warehouse)
    folder = write_snapshot(warehouse, lake)
    own = folder / "raw_loads" / "raw_loads.parquet"
    linked = in_folder(folder / "orders", "d1.parquet")
    before = own.read_bytes(), linked.read_bytes()
    with flipped(own, before[0], 100):
        write_snapshot(warehouse, lake)
        assert (own.read_bytes(), linked.read_bytes()) == before
    with flipped(linked, before[1], 100), pytest.raises(LakeCorrupt) as caught:
        write_snapshot(warehouse, lake)
    assert_names(caught.value, data_path(warehouse.raw, "orders", "d1"))


def test_a_release_that_rotted_is_not_taken_for_a_rerun_of_its_day(warehouse: Settings) -> None:
    path = current(warehouse) / "orders.parquet"
    with flipped(path, path.read_bytes(), 100), pytest.raises(LakeCorrupt) as caught:
        publish(warehouse)
    assert_names(caught.value, path)


def test_a_digit_that_changed_in_a_commit_without_another_trace_is_seen(
    warehouse: Settings,
) -> None:
    """Counts and amounts stand in commits alone: no file would contradict a changed one."""
    path = in_folder(warehouse.raw / COMMITS, "*.json")
    content = path.read_bytes()
    amount = content.index(b'"1.0000"') + 1
    with flipped(path, content, amount), pytest.raises(LakeCorrupt) as caught:
        read_lake(warehouse)
    assert_names(caught.value, path)


def test_a_commit_from_before_there_were_digests_is_read(settings: Settings) -> None:
    stage(settings)
    commit(settings)
    path = in_folder(settings.raw / COMMITS, "*.json")
    document = read_json(path)
    del document[DIGEST]
    write_json(path, document)
    assert len(read_lake(settings).deliveries) == 1
    # A digest that lost its name is no commit of that time.
    write_json(path, {**document, "dagest": "0" * 64})
    with pytest.raises(LakeCorrupt):
        read_lake(settings)
