"""The doctor names what is wrong and what to do, and is quiet when all is well."""

from etl.doctor import examine
from etl.lake.commits import commit_staged, read_lake
from tests.test_lake import stage


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


def test_a_damaged_lake_is_found(settings):
    from datetime import date

    stage(settings)
    commit_staged(settings, "orders", date(2026, 1, 31))
    (file,) = read_lake(settings).files
    file.path.unlink()
    assert not findings(settings)["lake"].ok
