"""The inputs of a run are the committed files, linked and verified, and every table exists."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from etl.contract import TABLES
from etl.errors import LakeCorrupt
from etl.files import read_json, write_json
from etl.ingest.staging import STAGED_NAME
from etl.lake.commits import read_lake
from etl.lake.inputs import INPUT_SCHEMAS
from etl.lake.snapshot import write_snapshot
from tests.test_lake import commit, stage

DAY = date(2026, 1, 31)


def snapshot(settings):
    return write_snapshot(settings, read_lake(settings))


def test_a_table_nobody_delivers_is_an_empty_table(settings):
    folder = snapshot(settings)
    for name, table in TABLES.items():
        read = pl.read_parquet(folder / name / "*.parquet")
        assert (read.height, dict(read.schema)) == (0, table.lake_schema())


def test_a_committed_file_is_linked_and_not_copied(settings):
    stage(settings)
    commit(settings)
    (file,) = read_lake(settings).files
    linked = snapshot(settings) / "orders" / file.path.name
    assert linked.samefile(file.path)


def test_a_file_from_before_a_column_existed_is_read_with_nulls_in_it(settings, monkeypatch):
    stage(settings)
    commit(settings)
    schema = {**INPUT_SCHEMAS["orders"], "loyalty_no": pl.String()}
    monkeypatch.setitem(INPUT_SCHEMAS, "orders", schema)
    read = pl.read_parquet(snapshot(settings) / "orders" / "*.parquet")
    assert dict(read.schema) == schema
    assert read.select("order_id", "loyalty_no").rows() == [("0", None), ("1", None)]


def test_the_inputs_of_an_earlier_lake_are_gone(settings):
    before = snapshot(settings)
    stage(settings)
    commit(settings)
    after = snapshot(settings)
    assert after.is_dir()
    assert not before.exists()


def test_a_corrupt_lake_gives_no_inputs(settings):
    stage(settings)
    commit(settings)
    (file,) = read_lake(settings).files
    file.path.chmod(0o640)
    file.path.write_bytes(b"changed")
    with pytest.raises(LakeCorrupt):
        snapshot(settings)
    assert not (settings.warehouse / "inputs").exists()


def test_loads_and_rejects_are_tables_of_their_own(settings):
    folder = stage(settings)
    staged = read_json(folder / STAGED_NAME)
    staged["rejects"]["by_reason"] = [
        {"table": "orders", "column": "total", "reason": "NOT_A_NUMBER", "rows": 3, "amount": None},
        {"table": "orders", "column": "order_id", "reason": "REQUIRED_MISSING", "rows": 1,
         "amount": "12.3400"},
    ]  # fmt: skip
    write_json(folder / STAGED_NAME, staged)
    commit(settings)
    inputs = snapshot(settings)
    (load,) = pl.read_parquet(inputs / "raw_loads" / "*.parquet").to_dicts()
    assert (load["rows_accepted"], load["rows_rejected"]) == (2, 4)
    assert (load["amount_accepted"], load["amount_rejected"]) == (Decimal(1), Decimal("12.34"))
    rejects = pl.read_parquet(inputs / "raw_rejects" / "*.parquet").sort("rows")
    assert rejects["reason"].to_list() == ["REQUIRED_MISSING", "NOT_A_NUMBER"]
    (source,) = pl.read_parquet(inputs / "raw_sources" / "*.parquet").to_dicts()
    assert source["source_system"] == "shop"
