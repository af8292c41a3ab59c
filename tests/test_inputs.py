"""The folder that dbt reads holds every table, typed, even when nothing was delivered."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import yaml

from etl import clv
from etl.config import DBT_PROJECT
from etl.contract import TABLES
from etl.lake.inputs import EMPTY_FILE, INPUT_SCHEMAS, empty_frame, write_empty_inputs


def test_every_table_gets_a_typed_file_without_rows(tmp_path: Path) -> None:
    write_empty_inputs(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(INPUT_SCHEMAS)
    for table, schema in INPUT_SCHEMAS.items():
        read = pl.read_parquet(tmp_path / table / EMPTY_FILE)
        assert read.height == 0
        assert dict(read.schema) == schema, table


def test_contract_tables_have_the_schema_of_the_lake() -> None:
    for name, table in TABLES.items():
        assert INPUT_SCHEMAS[name] == table.lake_schema()


def test_fitted_tables_have_the_schema_of_the_fit() -> None:
    for name, schema in clv.INPUT_SCHEMAS.items():
        assert INPUT_SCHEMAS[name] == schema


def test_dbt_reads_exactly_these_tables() -> None:
    """By a path that starts with the folder of inputs: to Spark the identifier is all there is."""
    identifiers = [
        table.get("identifier", table["name"])
        for path in (DBT_PROJECT / "models" / "staging").rglob("_*__sources.yml")
        for source in yaml.safe_load(path.read_text())["sources"]
        for table in source["tables"]
    ]
    folder = '{{ env_var("LOYALTY_INPUTS") }}'
    assert sorted(identifiers) == sorted(f"{folder}/{table}" for table in INPUT_SCHEMAS)


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    write_empty_inputs(tmp_path)
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.parquet"))
    write_empty_inputs(tmp_path)
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.parquet")) == before


def test_unknown_table_has_no_frame() -> None:
    with pytest.raises(KeyError):
        empty_frame("no_such_table")
