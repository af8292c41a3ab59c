"""Faults over a whole file, looked for in one share of the digests or in many."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from etl.contract import TABLES
from etl.ingest import conflicts
from etl.ingest.conflicts import document_names, duplicate_keys, split_documents
from etl.mapping.operations import DOCUMENT


@pytest.fixture(params=[1, 3, 1_000], autouse=True)
def rows_at_a_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conflicts, "_ROWS_AT_A_TIME", request.param)


def staged(folder: Path, rows: list[tuple[str, str, date]]) -> Path:
    table = TABLES["fx_rates"]
    path = folder / "fx_rates.parquet"
    frame = pl.DataFrame(rows, schema=["from_currency", "record_hash", "known_on"], orient="row")
    frame.with_columns(
        pl.lit("EUR").alias("to_currency"),
        pl.lit(date(2024, 5, 31)).alias("rate_on"),
        pl.int_range(1, pl.len() + 1).alias("source_row"),
    ).write_parquet(path)
    assert set(table.key) == {"rate_on", "from_currency", "to_currency"}
    return path


def test_only_different_contents_of_one_key_conflict(tmp_path: Path) -> None:
    day, other = date(2024, 5, 31), date(2024, 6, 1)
    rows = [
        ("USD", "a", day), ("GBP", "a", day), ("USD", "b", day), ("GBP", "a", day),
        ("CHF", "a", day), ("CHF", "b", other),
    ]  # fmt: skip
    found = duplicate_keys(staged(tmp_path, rows), TABLES["fx_rates"])
    assert sorted(found["source_row"].to_list()) == [1, 3]


def test_no_rows_have_no_conflicts(tmp_path: Path) -> None:
    path = staged(tmp_path, [("USD", "a", date(2024, 5, 31))])
    pl.read_parquet(path).clear().write_parquet(path)
    assert duplicate_keys(path, TABLES["fx_rates"]).height == 0


def test_a_name_of_two_documents_splits_both(tmp_path: Path) -> None:
    rows = pl.DataFrame({DOCUMENT: [0, 0, 1, 2, 3, 4], "key": ["a", "a", "b", "a", None, None]})
    path = tmp_path / "names.parquet"
    pl.concat(
        [
            document_names(rows, pl.col("key"), "grain"),
            document_names(rows.head(3), pl.col("key"), "orders"),
        ]
    ).write_parquet(path)
    assert sorted(split_documents(path)[DOCUMENT].to_list()) == [0, 2]
