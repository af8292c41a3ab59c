"""A final name shows the old file or the new one, never a part."""

import os
import sqlite3
from pathlib import Path

import pytest

from etl import files
from etl.errors import LakeCorrupt


def test_a_failed_write_leaves_the_old_file_and_no_temporary(tmp_path):
    final = tmp_path / "f.txt"
    files.write_text(final, "old")
    with pytest.raises(RuntimeError), files.atomic_path(final) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert final.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["f.txt"]


def test_a_write_replaces_the_file_with_the_given_mode(tmp_path):
    final = tmp_path / "deep" / "f.txt"
    files.write_text(final, "new", mode=0o600)
    assert final.read_text() == "new"
    assert final.stat().st_mode & 0o777 == 0o600


def test_a_temporary_file_is_never_taken_for_a_json_document(tmp_path):
    with files.atomic_path(tmp_path / "c.json") as temporary:
        assert list(tmp_path.glob("*.json")) == []
        temporary.write_text("{}")
    assert [path.name for path in tmp_path.glob("*.json")] == ["c.json"]


def test_equal_values_have_equal_digests_whatever_the_key_order():
    assert files.digest_of({"a": 1, "b": [2]}) == files.digest_of({"b": [2], "a": 1})
    assert files.digest_of({"a": 1}) != files.digest_of({"a": 2})


def test_every_folder_that_is_made_is_closed_to_others_and_made_durable(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(files, "fsync_folder", synced.append)
    before = os.umask(0)
    try:
        made = files.make_folder(tmp_path / "a" / "b" / "c")
    finally:
        os.umask(before)
    parents = [made, made.parent, made.parent.parent]
    assert [folder.stat().st_mode & 0o777 for folder in parents] == [files.FOLDER_MODE] * 3
    assert synced == [tmp_path, tmp_path / "a", tmp_path / "a" / "b"]
    files.make_folder(made)
    assert len(synced) == 3


def test_a_file_where_a_folder_should_be_is_an_error(tmp_path):
    (tmp_path / "f").touch()
    with pytest.raises(FileExistsError):
        files.make_folder(tmp_path / "f")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b'{"other": 1}'])
def test_a_damaged_document_is_named(tmp_path, content):
    path = tmp_path / "d.json"
    path.write_bytes(content)
    with pytest.raises(LakeCorrupt) as caught:
        files.read_document(path, "wanted")
    assert caught.value.where == str(path)
    path.write_bytes(b'{"wanted": 1}')
    assert files.read_document(path, "wanted") == {"wanted": 1}


def test_a_database_that_cannot_be_opened_is_an_error_of_the_disk(tmp_path):
    path = tmp_path / "none" / "d.sqlite"
    with pytest.raises(PermissionError) as caught, files.sqlite_errors(path):
        sqlite3.connect(path)
    assert caught.value.filename == str(path)


def test_a_mistake_in_sql_is_left_as_it_is(tmp_path):
    with pytest.raises(sqlite3.OperationalError), files.sqlite_errors(tmp_path):
        sqlite3.connect(":memory:").execute("nonsense")


def test_a_name_that_is_not_utf8_can_be_printed():
    assert files.readable(os.fsdecode(b"a\xff.csv")) == "a\\xff.csv"
    assert files.readable("中.csv") == "中.csv"


def test_bytes_are_durable_before_the_name_and_the_name_afterwards(tmp_path, monkeypatch):
    done, replace = [], Path.replace
    monkeypatch.setattr(files, "fsync_file", lambda path: done.append(("bytes", path.read_text())))
    monkeypatch.setattr(files, "fsync_folder", lambda path: done.append(("names", path)))
    monkeypatch.setattr(
        Path, "replace", lambda path, to: (done.append(("name", to)), replace(path, to))
    )
    files.write_text(tmp_path / "f", "new")
    assert done == [("bytes", "new"), ("name", tmp_path / "f"), ("names", tmp_path)]
