"""Settings: a data root that cannot work is refused before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.config import load_settings
from etl.errors import ConfigError


def refusal(root: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_settings(data=root)
    assert caught.value.where == "LOYALTY_DATA"
    assert caught.value.todo
    return caught.value


@pytest.mark.parametrize("character", list("'`*?[]{}\"\n\r"))
def test_a_root_that_sql_would_read_otherwise_is_refused(tmp_path: Path, character: str) -> None:
    assert "it is written into SQL" in refusal(tmp_path / f"a{character}b" / "data").todo


@pytest.mark.parametrize("name", ["a b", "中", "it-is_fine.1", "a%b"])
def test_other_roots_are_taken(tmp_path: Path, name: str) -> None:
    assert load_settings(data=tmp_path / name).raw == tmp_path / name / "raw"


def test_a_relative_root_is_refused() -> None:
    assert "not an absolute path" in refusal(Path("data")).what


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    assert "is not a folder" in refusal(tmp_path / "data").what


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "\u0662"])
def test_a_number_that_is_none_is_refused(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOYALTY_DUCKDB_THREADS", text)
    with pytest.raises(ConfigError, match="not a positive whole number"):
        load_settings(data=tmp_path)
