"""What engines say when they fail: the kind of failure is told, the cell it failed on is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from etl import route
from etl.cli.app import app
from etl.errors import EXIT_FAILURE, Busy, DiskFull, LoyaltyError
from etl.failures import failures_named, without_cells

CANARY = 'Ada O\'Canary ["`x`"]'
SPLIT = "Ada\nCanary"


ENGINES: dict[str, Callable[[str], object]] = {
    "cast": lambda value: pl.Series([value]).cast(pl.Int64),
    "date": lambda value: pl.Series([value]).str.to_date("%Y"),
    "csv": lambda value: pl.scan_csv(
        f'a\n"{value.replace(chr(34), "")}"\n'.encode(), schema={"a": pl.Int64}
    ).collect(),
    "duckdb": lambda value: duckdb.execute("select cast($1 as integer)", [value]).fetchall(),
    "duckdb date": lambda value: duckdb.execute("select strptime($1, '%Y')", [value]).fetchall(),
    "arrow": lambda value: pa.array([value]).cast(pa.int64()),
}


@pytest.mark.parametrize("value", [CANARY, SPLIT, "Canary"], ids=["marks", "lines", "plain"])
@pytest.mark.parametrize("engine", ENGINES)
def test_the_cell_is_not_told(engine: str, value: str) -> None:
    with pytest.raises(Exception, match=r"(?s)Canary") as control:
        ENGINES[engine](value)
    assert "Canary" in str(control.value)  # the engine itself does quote it
    with pytest.raises(LoyaltyError) as caught, failures_named():
        ENGINES[engine](value)
    assert "Canary" not in str(caught.value)
    assert "Ada" not in str(caught.value)
    assert caught.value.code == "ENGINE_FAILED"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_panic_is_named_too() -> None:
    from polars.exceptions import PanicException

    with pytest.raises(LoyaltyError, match="polars stopped with PanicException"), failures_named():
        raise PanicException("not implemented: `Ada Canary`")


@pytest.mark.parametrize("error", [Busy("held"), FileNotFoundError("x"), ZeroDivisionError()])
def test_what_is_no_engines_stays_itself(error: Exception) -> None:
    with pytest.raises(type(error)), failures_named():
        raise error


def test_a_full_disk_stays_a_full_disk() -> None:
    with pytest.raises(DiskFull), failures_named():
        raise duckdb.IOException('IO Error: Could not write file "x": No space left on device')


def test_the_kind_of_failure_is_told() -> None:
    said = without_cells(ValueError("Conversion Error: Could not convert string 'x' to INT32"))
    assert said == "Conversion Error: Could not convert string"


def test_the_command_line_prints_no_cell_and_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "land", failures_named()(lambda *_: ENGINES["cast"](CANARY)))
    done = CliRunner().invoke(app, ["land", "--as-of", "2026-01-31", "--data", str(tmp_path)])
    assert done.exit_code == EXIT_FAILURE
    assert "ENGINE_FAILED" in done.output
    assert "Canary" not in done.output
    assert "Traceback" not in done.output
