"""Staging folders: whole or not there, and private work that does not outlive its process."""

from __future__ import annotations

import shutil
import tempfile
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from etl.ingest.staging import STAGED_NAME, amount_text, sweep, table_writer, work_folder
from tests.delivering import GOOD, make_stage

SCHEMA: dict[str, pl.DataType] = {"a": pl.Int64(), "b": pl.Decimal(18, 4)}


def frame(*values: int) -> pl.DataFrame:
    return pl.DataFrame({"b": values, "a": values}).cast(SCHEMA)  # type: ignore[arg-type]


def test_batches_become_one_file_with_the_given_schema(tmp_path: Path) -> None:
    with table_writer(tmp_path / "t.parquet", SCHEMA) as writer:
        writer.write(frame(1, 2))
        writer.write(frame())
        writer.write(frame(3))
    found = pl.read_parquet(tmp_path / "t.parquet")
    assert dict(found.schema) == SCHEMA
    assert found["a"].to_list() == [1, 2, 3]
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]


def test_a_failed_writer_leaves_no_file(tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        table_writer(tmp_path / "t.parquet", SCHEMA) as writer,
    ):
        writer.write(frame(1 // 0))
    assert list(tmp_path.iterdir()) == []


def test_a_frame_that_lacks_a_column_is_not_written(tmp_path: Path) -> None:
    with (
        pytest.raises(pl.exceptions.ColumnNotFoundError),
        table_writer(tmp_path / "t.parquet", SCHEMA) as writer,
    ):
        writer.write(frame(1).drop("b"))


def test_the_work_of_a_living_process_is_not_swept(tmp_path: Path) -> None:
    settings = make_stage(tmp_path).settings
    with work_folder(settings) as mine, work_folder(settings) as other:
        assert mine.exists()
        assert other.exists()
        assert mine.stat().st_mode & 0o777 == 0o700
    assert not mine.exists()


def test_a_work_folder_swept_by_another_process_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, made, make = make_stage(tmp_path).settings, [], tempfile.mkdtemp

    def swept_once(**where: Path) -> str:
        made.append(make(**where))
        if len(made) == 1:
            shutil.rmtree(made[0])
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", swept_once)
    with work_folder(settings) as folder:
        assert folder == Path(made[1])


def test_a_sweep_takes_what_dead_processes_left_and_nothing_else(tmp_path: Path) -> None:
    settings = make_stage(tmp_path).settings
    sweep(settings)  # there is nothing yet
    with work_folder(settings) as alive:
        dead = alive.with_name("dead")
        dead.mkdir()
        (dead / "clear.csv").write_text("personal")
        sweep(settings)
        assert not dead.exists()
        assert alive.exists()


def test_staging_again_keeps_a_folder_that_is_whole(tmp_path: Path) -> None:
    stage = make_stage(tmp_path)
    first = stage.deliver(GOOD)
    before = {path.name: path.stat().st_ino for path in first.folder.iterdir()}
    assert stage.deliver(GOOD).folder == first.folder
    assert {path.name: path.stat().st_ino for path in first.folder.iterdir()} == before


def test_staging_again_replaces_the_rest_of_a_folder(tmp_path: Path) -> None:
    stage = make_stage(tmp_path)
    first = stage.deliver(GOOD)
    (first.folder / STAGED_NAME).unlink()
    (first.folder / "left over").write_text("x")
    again = stage.deliver(GOOD)
    assert (again.folder / STAGED_NAME).exists()
    assert not (first.folder / "left over").exists()


def test_files_and_folders_are_closed_to_others(tmp_path: Path) -> None:
    folder = make_stage(tmp_path).deliver(GOOD).folder
    assert folder.stat().st_mode & 0o777 == 0o750
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o640}


def test_amounts_are_plain_text() -> None:
    assert amount_text(Decimal("1E+3")) == "1000"
    assert amount_text(None) is None


def test_a_file_that_holds_other_rows_than_were_written_gets_no_name(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match=r"t\.parquet: the rows written are not the rows in the file"),
        table_writer(tmp_path / "t.parquet", SCHEMA) as writer,
    ):
        writer.write(frame(1, 2))
        writer.rows = 3
    assert list(tmp_path.iterdir()) == []
