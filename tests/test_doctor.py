"""The doctor names what is wrong and what to do, and is quiet when all is well."""

import os
from datetime import date
from importlib.metadata import PackageNotFoundError

import polars as pl

from etl import doctor
from etl.doctor import examine
from etl.files import sha256_of, write_document
from etl.lake.commits import read_lake
from etl.publish.release import MANIFEST
from etl.state import commit_state
from tests.test_lake import commit, stage


def findings(settings):
    return {finding.check: finding for finding in examine(settings)}


def test_a_fresh_warehouse_lacks_only_its_exports(settings):
    wrong = {name: f for name, f in findings(settings).items() if not f.ok}
    assert list(wrong) == ["landing"]
    assert "loyalty demo" in wrong["landing"].todo
    settings.landing.mkdir()
    assert all(finding.ok for finding in findings(settings).values())


def test_a_key_that_others_may_read_is_found(settings):
    examine(settings)
    settings.key_file.chmod(0o644)
    finding = findings(settings)["pseudonym key"]
    assert not finding.ok
    assert "chmod 600" in finding.todo


def test_a_vault_key_that_others_may_read_is_found(settings):
    examine(settings)
    (settings.vault / "vault.key").chmod(0o640)
    finding = findings(settings)["vault key"]
    assert not finding.ok
    assert "chmod 600" in finding.todo


def test_a_check_that_breaks_off_is_a_finding_and_the_others_go_on(settings, monkeypatch):
    def missing(_):
        raise PackageNotFoundError("polars")

    monkeypatch.setattr(doctor, "version", missing)
    found = findings(settings)
    assert not found["packages"].ok
    assert "PackageNotFoundError" in found["packages"].seen
    assert found["packages"].todo
    assert found["lake"].ok


def test_a_served_database_whose_bytes_changed_is_found(settings):
    release = settings.marts / "current"
    release.mkdir(parents=True)
    database = release / "loyalty.duckdb"
    database.write_bytes(b"as published")
    described = {"file": database.name, "sha256": sha256_of(database)}
    manifest = {"run_id": "r1", "as_of": "2026-01-31", "database": described, "marts": {}}
    write_document(release / MANIFEST, manifest)
    assert findings(settings)["served release"].seen.startswith("r1 as of 2026-01-31")
    database.write_bytes(b"changed")
    finding = findings(settings)["served release"]
    assert not finding.ok
    assert finding.todo
    database.unlink()
    assert not findings(settings)["served release"].ok


def test_a_delivering_system_with_a_strange_name_can_be_printed(settings):
    (settings.landing / os.fsdecode(b"\xff")).mkdir(parents=True)
    assert findings(settings)["landing"].seen == "\\xff"


def test_a_state_file_whose_bytes_changed_is_found(settings):
    commit_state(settings, "a", date(2026, 1, 31), {"numbers": pl.DataFrame({"x": [1]})})
    assert findings(settings)["state"].seen == "2 files, all as written"
    (path,) = (settings.state / "numbers").glob("*.parquet")
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    finding = findings(settings)["state"]
    assert not finding.ok
    assert "Restore data/state from a backup" in finding.todo


def test_a_damaged_lake_is_found(settings):

    stage(settings)
    commit(settings)
    (file,) = read_lake(settings).files
    file.path.unlink()
    assert not findings(settings)["lake"].ok
