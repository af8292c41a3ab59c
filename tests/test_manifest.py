"""Manifests: what a sender may say, and how a mistake is named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from etl.errors import FileRejected
from etl.ingest.manifest import MANIFEST_NAME, Declared, Manifest, read_manifest


def read(folder: Path, text: str | bytes) -> Manifest:
    path = folder / MANIFEST_NAME
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_manifest(path)


def test_reads_all_that_can_be_said(tmp_path: Path) -> None:
    text = """{"business_day": "2017-12-25", "mode": "full", "sequence": 7,
               "files": {"a.csv": {"rows": 3, "sha256": "%s"}, "b.csv": {}}}""" % ("aB" * 32)
    assert read(tmp_path, text) == Manifest(
        date(2017, 12, 25), "full", 7, {"a.csv": Declared(3, "aB" * 32), "b.csv": Declared()}
    )


def test_may_say_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "{}") == Manifest()


MISTAKES = {
    "": "it is not JSON in UTF-8",
    "{": "it is not JSON in UTF-8",
    b"\xff": "it is not JSON in UTF-8",
    "[" * 100_000: "it is not JSON in UTF-8",
    '{"sequence": %s}' % ("9" * 5_000): "it is not JSON in UTF-8",
    "[]": "the manifest must be an object",
    '{"buisness_day": "2017-12-25"}': "the manifest has an unknown word 'buisness_day'",
    '{"business_day": "25.12.2017"}': "business_day must be a day such as 2017-12-25",
    '{"business_day": "2017-02-29"}': "business_day must be a day such as 2017-12-25",
    '{"business_day": 20171225}': "business_day must be a day such as 2017-12-25",
    '{"mode": "delta"}': "mode must be one of full, incremental, history",
    '{"sequence": true}': "sequence must be a whole number, 0 or more",
    '{"sequence": 1.5}': "sequence must be a whole number, 0 or more",
    '{"sequence": 9223372036854775808}': "sequence must be a whole number, 0 or more",
    '{"files": ["a.csv"]}': "files must be an object",
    '{"files": {"a.csv": 3}}': "files.a.csv must be an object",
    '{"files": {"a.csv": {"row": 3}}}': "files.a.csv has an unknown word 'row'",
    '{"files": {"a.csv": {"rows": -1}}}': "files.a.csv.rows must be a whole number, 0 or more",
    '{"files": {"a.csv": {"sha256": "12"}}}': "files.a.csv.sha256 must be 64 hex digits",
    '{"files": {"../a.csv": {}}}': "files.../a.csv must be a file name without a folder",
}


@pytest.mark.parametrize("text", MISTAKES, ids=lambda text: str(text[:40]))
def test_names_the_mistake(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(FileRejected) as caught:
        read(tmp_path, text)
    assert caught.value.code == "MANIFEST_INVALID"
    assert MISTAKES[text] in caught.value.what


def test_must_be_a_plain_file_of_modest_size(tmp_path: Path) -> None:
    path = tmp_path / MANIFEST_NAME
    with pytest.raises(FileRejected, match="4 MiB"):
        read(tmp_path, " " * (5 << 20))
    path.unlink()
    path.symlink_to(tmp_path / "other.json")
    with pytest.raises(FileRejected, match="cannot be opened"):
        read_manifest(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(FileRejected, match="MANIFEST_INVALID"):
        read_manifest(path)
