"""A list that leaves: who is on it, what stands in it, and what holds it back."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etl import export
from etl.config import Settings
from etl.errors import DataBlocked, LoyaltyError, UsageError
from etl.export import LISTS, export_list, hashed_addresses
from etl.files import sha256_of
from etl.frames import without_formulas
from etl.privacy.vault import Vault
from tests.company.published import PublishedCompany
from tests.test_cli import loyalty

FORMULA_BEGINS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
CHEAP = {"with_match_keys": False}


@pytest.fixture
def stale(published: PublishedCompany, tmp_path: Path) -> Settings:
    """The release with a consent feed that is too old."""
    settings = replace(published.settings, data=tmp_path / "data")
    (settings.marts / "current").mkdir(parents=True)
    for path in published.result.release.iterdir():
        shutil.copy(path, settings.marts / "current")
    database = settings.marts / "current" / published.database.name
    database.chmod(0o640)
    with duckdb.connect(str(database)) as connection:
        connection.execute("update consent_feeds set is_stale = true")
    return settings


def test_the_list_is_the_eligible_treatment(published: PublishedCompany, tmp_path: Path) -> None:
    done = export_list(published.settings, "winback", tmp_path / "out", **CHEAP)
    rows = pl.read_parquet(done.files["parquet"])
    expected = published.ask(
        "select customer_key from winback_targets"
        " where is_eligible and arm = 'treatment' order by customer_key"
    )
    assert rows["customer_key"].to_list() == expected["customer_key"].to_list()
    assert rows.height > 0
    assert pl.read_csv(done.files["csv"], infer_schema=False).height == rows.height


def test_nobody_is_listed_without_consent_for_the_purpose(published: PublishedCompany) -> None:
    for name, purpose in (("winback", "winback"), ("segments", "marketing")):
        found = published.ask(
            f"select count(*) as listed, count(granted.customer_key) as granted"
            f" from export_{name} as listed left join (select distinct customer_key from consents"
            f" where purpose = $purpose and is_granted) as granted using (customer_key)",
            purpose=purpose,
        )
        listed, granted = found.row(0)
        assert 0 < listed == granted


def test_a_segment_is_listed_for_no_channel_that_was_not_granted(
    published: PublishedCompany,
) -> None:
    listed = (
        "(select customer_key, unnest(string_split(channels, ';')) as channel from export_segments)"
    )
    granted = (
        "(select customer_key, channel from consents where purpose = 'marketing' and is_granted)"
    )
    assert published.ask(f"select * from {listed}").height > 0
    query = f"select * from {listed} anti join {granted} using (customer_key, channel)"
    assert published.ask(query).is_empty()


def test_the_holdout_is_on_no_list(published: PublishedCompany) -> None:
    held_back = "(select customer_key from winback_targets where arm = 'holdout')"
    assert published.one(f"select count(*) from {held_back}") > 0
    for name in LISTS:
        query = f"select count(*) from export_{name} where customer_key in {held_back}"
        assert published.one(query) == 0


def test_objectors_and_minors_are_on_no_list(published: PublishedCompany) -> None:
    closed = (
        "(select customer_key from consents where purpose = 'profiling' and not is_granted"
        " union select customer_key from customers where is_minor or is_internal or is_deceased)"
    )
    assert published.one(f"select count(*) from {closed}") > 0
    for name in LISTS:
        query = f"select count(*) from export_{name} where customer_key in {closed}"
        assert published.one(query) == 0


@pytest.mark.parametrize("name", LISTS)
def test_the_manifest_says_what_was_written(
    name: str, published: PublishedCompany, tmp_path: Path
) -> None:
    done = export_list(published.settings, name, tmp_path, **CHEAP)
    manifest = json.loads(done.files["manifest"].read_text(encoding="utf-8"))
    assert manifest == done.manifest
    assert manifest["run_id"] == published.result.run_id
    assert manifest["rows"] == published.one(f"select count(*) from export_{name}")
    assert manifest["files"] == {
        done.files[kind].name: sha256_of(done.files[kind]) for kind in ("csv", "parquet")
    }
    assert {path.stat().st_mode & 0o777 for path in done.files.values()} == {0o640}


def test_the_manifest_of_win_back_counts_who_is_held_back(
    published: PublishedCompany, tmp_path: Path
) -> None:
    manifest = export_list(published.settings, "winback", tmp_path, **CHEAP).manifest
    eligible = published.one("select count(*) from winback_targets where is_eligible")
    assert manifest["rows"] + manifest["holdout"] + manifest["not_in_experiment"] == eligible
    assert manifest["holdout"] > 0


def test_the_same_list_again_is_the_same_files(published: PublishedCompany, tmp_path: Path) -> None:
    first = export_list(published.settings, "segments", tmp_path, **CHEAP).manifest
    again = export_list(published.settings, "segments", tmp_path, **CHEAP).manifest
    assert first["files"] == again["files"]


def test_a_killed_export_leaves_no_list_that_calls_itself_whole(
    published: PublishedCompany, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a first list the manifest is gone before the first file changes; what was half-written
    goes with the next one."""

    class Killed(BaseException):
        """Nothing in the way of it catches this."""

    def write_half(_: pl.DataFrame, path: Path) -> None:
        path.write_text("customer_key,ema")
        shutil.copy(path, path.with_name(".tmp-killed.part"))
        raise Killed

    whole = export_list(published.settings, "segments", tmp_path, **CHEAP)
    before = {kind: whole.files[kind].read_bytes() for kind in ("csv", "parquet")}
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(pl.DataFrame, "write_csv", write_half)
        export_list(published.settings, "segments", tmp_path, **CHEAP)
    assert not whole.files["manifest"].exists()
    assert {kind: whole.files[kind].read_bytes() for kind in before} == before
    export_list(published.settings, "segments", tmp_path, **CHEAP)
    assert {path.name for path in tmp_path.iterdir()} == {
        path.name for path in whole.files.values()
    }


def test_a_list_says_until_when_it_may_be_used(published: PublishedCompany, tmp_path: Path) -> None:
    """The small company's day is long past, and the command says so."""
    until = str(published.one("select min(use_until_on) from export_segments"))
    arguments = ("--to", tmp_path, "--without-match-keys", "--data", published.settings.data)
    done = loyalty("export", "segments", *arguments, "--json")
    assert json.loads(done.stdout)["use_until_on"] == until
    assert until in done.stderr


def test_no_match_keys_without_consent_to_match(
    published: PublishedCompany, tmp_path: Path
) -> None:
    """Nobody of the small company was asked, so nobody's address leaves, hashed or not."""
    assert (
        published.one("select count(*) from consents where purpose = 'third_party_matching'") == 0
    )
    done = export_list(published.settings, "segments", tmp_path)
    assert done.manifest["match_keys"] == {"email_sha256": 0, "phone_sha256": 0}


def test_match_keys_are_the_hash_of_the_normalised_address(settings: Settings) -> None:
    vault = Vault(settings)
    vault.remember("email", pl.DataFrame({"token": ["e1"], "value": ["  Ada@Mail.example"]}))
    vault.remember("phone", pl.DataFrame({"token": ["p1"], "value": ["+49 (30) 12-34"]}))
    tokens = pl.DataFrame(
        {
            "customer_key": ["a", "b", "c"],
            "email_token": ["e1", None, "lost"],
            "phone_token": ["p1", "p1", None],
        }
    )
    email, phone = (sha256(v).hexdigest() for v in (b"ada@mail.example", b"+49301234"))
    assert hashed_addresses(tokens, vault).rows() == [
        ("a", email, phone), ("b", None, phone), ("c", None, None)
    ]  # fmt: skip


def test_match_keys_need_the_build_of_the_release(stale: Settings, tmp_path: Path) -> None:
    with duckdb.connect(str(stale.marts / "current" / "loyalty.duckdb")) as connection:
        connection.execute("update consent_feeds set is_stale = false")
    with pytest.raises(LoyaltyError) as error:
        export_list(stale, "segments", tmp_path / "out")
    assert error.value.code == "BUILD_GONE"
    assert export_list(stale, "segments", tmp_path / "out", **CHEAP).manifest["rows"] > 0


@pytest.mark.parametrize("name", LISTS)
def test_a_stale_consent_feed_gives_no_list(name: str, stale: Settings, tmp_path: Path) -> None:
    with pytest.raises(DataBlocked, match="help_desk") as error:
        export_list(stale, name, tmp_path / "out", **CHEAP)
    assert error.value.code == "CONSENT_STALE"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("mark", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff20"])
def test_a_cell_is_no_formula(mark: str) -> None:
    rows = pl.DataFrame({"a": [f"{mark}1+1", f"x{mark}", None, ""], "n": [-1, 2, 3, 4]})
    found = without_formulas(rows)
    assert found["a"].to_list() == [f"'{mark}1+1", f"x{mark}", None, ""]
    assert found["n"].to_list() == [-1, 2, 3, 4]


HOSTILE = st.text(alphabet="=+-@\t\r\n;,|\"' 1a\uff1d\uff0b\uff0d\uff20", max_size=8)


@given(st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1, max_size=4))
@example([("a", ';"=1')])
@example([("\t=1", "a;=1")])
def test_no_spreadsheet_finds_a_formula_at_whatever_mark_it_splits(rows) -> None:
    text = without_formulas(pl.DataFrame(rows, schema=["a", "b"], orient="row")).write_csv()
    for mark in ",;|\t":
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
        cells = [cell.lstrip() if mark != "," else cell for line in lines for cell in line]
        assert not [cell for cell in cells if cell and cell[0] in FORMULA_BEGINS], (mark, text)


def test_text_that_is_no_formula_stays(published: PublishedCompany, tmp_path: Path) -> None:
    """What we write ourselves has none: the CSV of a list is its Parquet, to the letter."""
    done = export_list(published.settings, "segments", tmp_path, **CHEAP)
    rows = pl.read_parquet(done.files["parquet"])
    assert rows.equals(without_formulas(rows))


def test_there_are_two_lists(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="everyone"):
        export_list(settings, "everyone", tmp_path)


def test_the_command_tells_what_it_wrote(published: PublishedCompany, tmp_path: Path) -> None:
    arguments = ("--to", tmp_path / "out", "--data", published.settings.data, "--json")
    done = loyalty("export", "winback", *arguments)
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["rows"] == published.one("select count(*) from export_winback")
    assert Path(told["files"]["csv"]).is_file()
    assert loyalty("export", "everyone", *arguments).returncode == 2


def test_the_command_refuses_a_list_on_stale_consent(stale: Settings, tmp_path: Path) -> None:
    done = loyalty("export", "winback", "--to", tmp_path / "out", "--data", stale.data, "--json")
    assert done.returncode == 3
    assert json.loads(done.stderr.splitlines()[-1])["code"] == "CONSENT_STALE"


def test_a_stale_feed_is_named_with_its_last_day() -> None:
    stale = pl.DataFrame({"source_system": ["help_desk"], "last_delivered_on": [date(2026, 1, 1)]})
    with pytest.raises(DataBlocked, match=r"help_desk \(last on 2026-01-01\)") as caught:
        export._refuse_stale(stale)
    assert caught.value.code == "CONSENT_STALE"
    export._refuse_stale(stale.clear())
