"""A final name shows the old file or the new one, never a part."""

import pytest

from etl import files


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
