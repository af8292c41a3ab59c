"""A person is erased: nobody finds them again, nobody else loses a row, and no cent is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from etl import faults, route
from etl.cli.app import app
from etl.config import PROJECT_ROOT, Settings
from etl.contract import TABLES
from etl.erasure import erasing, places
from etl.erasure.erasing import Certificate, begin, erase, preview
from etl.erasure.reading import lake_rows
from etl.erasure.requests import Asked, address_hash
from etl.errors import DataBlocked, LakeCorrupt, UsageError
from etl.files import canonical_json, make_folder, read_json, write_document, write_json
from etl.identity.nodes import with_record_key
from etl.keep.backup import back_up
from etl.keep.compaction import compact_lake
from etl.keep.restore import restore
from etl.lake.commits import read_lake, verify_files
from etl.lake.quarantine import Filter, note_masked, reject_rows
from etl.privacy.suppression import read_erased, refuse_unfinished
from etl.privacy.vault import Vault
from etl.publish.release import MANIFEST
from etl.replay import replay_file
from etl.warehouse.build import Build
from etl.warehouse.record import BuildRecord
from tests.canaries import CLEAR, hits, plant
from tests.company.generate import write_company, write_manifest
from tests.company.published import settings_at
from tests.delivering import basket_row, make_stage
from tests.test_replay import MAPPED_BY_DAY, put

CANARY = Asked(customers=("help_desk/C-CANARY",))


@dataclass(frozen=True)
class Company:
    """The small company, landed and not built, with a canary in it.

    Args:
        texts: The canary's tokens and record keys.
    """

    settings: Settings
    texts: tuple[str, ...]

    def copy(self, root: Path) -> Settings:
        """Return a copy to do something to."""
        shutil.copytree(self.settings.data, root / "data")
        shutil.copytree(self.settings.landing, root / "landing")
        return settings_at(root, root / "data" / "vault" / "pseudonym.key")


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The small company, landed."""
    root = tmp_path_factory.mktemp("landed")
    settings = settings_at(root, root / "data" / "vault" / "pseudonym.key")
    day = write_company(settings.landing).as_of
    plant(settings.landing)
    route.land(settings, day)
    return Company(settings, secret_names(settings))


@pytest.fixture(scope="module")
def erased(landed: Company, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The same company after the canary was erased."""
    settings = landed.copy(tmp_path_factory.mktemp("erased"))
    erase(settings, CANARY)
    return settings


def secret_names(settings: Settings) -> tuple[str, ...]:
    """Return what else tells the canary: tokens of the values, keys of the records."""
    nodes = preview(settings, CANARY).people.nodes
    contact = rows_of(settings, "crm_contacts").filter(contact_id="C-CANARY")
    personal = ("first_name", "last_name", "phone")
    names = [contact[column].drop_nulls().to_list() for column in personal]
    tokens = nodes.filter(pl.col("entity").is_in(["email", "email_sha256"]))["source_id"].to_list()
    keys = with_record_key(nodes)["record_key"].to_list()
    return (*tokens, *keys, *(name for found in names for name in found))


def rows_of(settings: Settings, table: str) -> pl.DataFrame:
    """Return all rows of a table of the lake."""
    return lake_rows(read_lake(settings), table, list(TABLES[table].lake_schema()))


def totals(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    """Return rows and amounts of what holds money, by system."""
    return {
        name: rows_of(settings, name)
        .group_by("source_system")
        .agg(pl.len(), pl.col(amount).sum())
        .sort("source_system")
        .rows()
        for name, amount in (
            ("orders", "total"),
            ("order_lines", "line_amount"),
            ("payments", "amount"),
            ("refunds", "refund_total"),
            ("crm_cases", "compensation"),
            ("crm_opportunities", "amount"),
        )
    }


def contents(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    """Return what the lake says, without who read it when and where."""
    told = ("source_system", "record_hash", "document_hash", "known_on", "source_sequence")
    return {
        name: sorted(rows_of(settings, name).select(pl.col(told).cast(pl.String)).rows(), key=str)
        for name in TABLES
    }


def test_the_canary_is_found_before(landed: Company) -> None:
    """Else the search would prove nothing."""
    found = "\n".join(hits(landed.settings, (*CLEAR, *landed.texts)))
    for text in ("C-CANARY", "N-CANARY", "S-CANARY", "B-CANARY"):
        assert repr(text.casefold()) in found
    tokens = [text for text in landed.texts if repr(text) in found]
    assert len(tokens) >= 4, "e-mail, first name, last name and phone stand in lake and vault"


def deliver_next_month(settings: Settings) -> None:
    """Deliver a February day, so that January is closed and its files can be joined."""
    folder = settings.landing / "south_shop" / "2026-02-01"
    shutil.copytree(settings.landing / "south_shop" / "2026-01-31", folder)
    (folder / "sales_20260131.csv").rename(folder / "sales_20260201.csv")
    write_manifest(folder, {"mode": "incremental"})
    route.land(settings, date(2026, 2, 1))


def test_nothing_of_the_erased_is_found_anywhere(landed: Company, erased: Settings) -> None:
    assert hits(erased, (*CLEAR, *landed.texts)) == []


def test_totals_stay_to_the_cent(landed: Company, erased: Settings) -> None:
    assert totals(erased) == totals(landed.settings)
    verify_files(read_lake(erased).files)


def test_orders_of_the_erased_are_nobodys(landed: Company, erased: Settings) -> None:
    before = rows_of(landed.settings, "orders").filter(
        pl.col("customer_ref").is_in(["N-CANARY", "S-CANARY"])
    )
    after = rows_of(erased, "orders").join(
        before, on=["source_system", "order_id", "known_on"], how="semi"
    )
    assert after.height == before.height > 0
    for column in (
        "customer_ref", "contact_id", "account_id", "email", "email_domain", "email_is_role",
        "phone", "discount_codes", "extra_json",
    ):  # fmt: skip
        assert after[column].null_count() == after.height, column
    assert not set(after["record_hash"]) & set(before["record_hash"])


def test_nobody_else_loses_a_row_or_a_letter(landed: Company, erased: Settings) -> None:
    for name in TABLES:
        before, after = rows_of(landed.settings, name), rows_of(erased, name)
        lost = before.join(after, on="record_hash", how="anti")
        texts = [column for column, kind in lost.schema.items() if kind == pl.String]
        is_theirs = pl.any_horizontal(
            pl.col(column).is_in([*landed.texts, "C-CANARY", "N-CANARY", "S-CANARY", "B-CANARY"])
            for column in texts
        )
        assert lost.filter(~is_theirs).is_empty(), name


def test_deliveries_reconcile_with_the_lake(erased: Settings) -> None:
    lake = read_lake(erased)
    for name, table in TABLES.items():
        stated = [d["tables"][name] for d in lake.deliveries if name in d["tables"]]
        rows = rows_of(erased, name)
        assert sum(counted["rows"] for counted in stated) == rows.height, name
        if table.amount:
            amounts = [Decimal(counted["amount"]) for counted in stated if counted["amount"]]
            assert sum(amounts) == (rows[table.amount].sum() or 0), name


def test_the_certificate_names_nobody(landed: Company, erased: Settings) -> None:
    (path,) = (erased.erasures / "certificates").glob("*.json")
    certificate: Certificate = read_json(path)
    text = canonical_json(certificate).casefold()
    assert not [name for name in (*CLEAR, *landed.texts) if name.casefold() in text]
    lake = certificate["lake"]
    assert lake["version"] == read_lake(erased).version != read_lake(landed.settings).version
    assert lake["content"] != read_lake(landed.settings).content
    assert certificate["counts"]["vault"] == 5  # e-mail, phone, both names, birth date
    assert certificate["counts"]["quarantine"] >= 1
    assert "help_desk/2026-01-26/contacts.csv" in certificate["left_to_others"]["delivered_in"]
    (commit,) = lake["commits"]
    for name in TABLES:
        before, after = rows_of(landed.settings, name), rows_of(erased, name)
        gone = [tables.get(name, {"rows": 0})["rows"] for tables in commit["removed"].values()]
        assert sum(gone) == before.height - after.height, name
        changed = after.join(before, on="record_hash", how="anti").height
        assert commit["rows_changed"].get(name, 0) == changed, name
    assert {"crm_contacts", "crm_consent_events", "orders"} <= commit["rows_changed"].keys()


def test_masked_rows_are_shown_and_a_changed_byte_is_still_named(
    landed: Company, erased: Settings, tmp_path: Path
) -> None:
    shown = [reject_rows(s, Filter(), 10_000) for s in (landed.settings, erased)]
    assert shown[0].height == shown[1].height
    assert "***" in shown[1]["raw_json"].to_list()
    settings = Company(erased, ()).copy(tmp_path)
    for path in settings.rejects.glob("*.parquet"):
        path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(LakeCorrupt, match="rejects"):
        reject_rows(settings, Filter(), 10_000)


def test_the_vault_keeps_everybody_else(landed: Company, erased: Settings) -> None:
    before, after = (dict(Vault(s).values_of("email")) for s in (landed.settings, erased))
    assert set(before.values()) - set(after.values()) == {"canary.bird@cage.example"}


def test_a_redelivery_does_not_bring_the_erased_back(
    landed: Company, erased: Settings, tmp_path: Path
) -> None:
    settings = Company(erased, ()).copy(tmp_path)
    for folder in settings.landing.glob("*/2026-01-26"):
        again = folder.with_name("2026-02-01")
        shutil.copytree(folder, again)
        manifest = read_json(again / "_manifest.json")
        write_json(again / "_manifest.json", manifest | {"business_day": "2026-02-01"})
    commits = route.land(settings, date(2026, 2, 1))
    assert sum(commit["deliveries"] for commit in commits) > 10
    assert hits(settings, (*CLEAR, *landed.texts)) == []
    again = [d for d in read_lake(settings).deliveries if d["business_day"] == "2026-02-01"]
    left_out = {table for delivery in again for table in delivery["erased"]}
    assert {"crm_contacts", "crm_category_spend"} <= left_out
    for table in ("crm_consent_events", "crm_loyalty_transactions"):
        rows = rows_of(settings, table).filter(pl.col(TABLES[table].key[0]).str.contains("^erased"))
        assert rows["is_deleted"].all()
        of_before = pl.col("batch_id").is_in([delivery["delivery_id"] for delivery in again])
        assert 0 < rows.filter(of_before).height < rows.height
    is_theirs = pl.col("order_id").str.contains("-0001-")
    before, after = (rows_of(s, "orders").filter(is_theirs) for s in (erased, settings))
    assert after["customer_ref"].null_count() == after.height > before.height
    assert set(after["record_hash"]) == set(before["record_hash"])


def test_a_mapping_that_is_taken_back_does_not_take_the_erased_off_twice(
    erased: Settings, tmp_path: Path
) -> None:
    settings = replace(Company(erased, ()).copy(tmp_path), mappings=tmp_path / "mappings")
    shutil.copytree(erased.mappings, settings.mappings)
    mapping = settings.mappings / "help_desk.yml"
    text = mapping.read_text(encoding="utf-8")
    for reading in (text.replace("{from: Stage}", "{const: lead}"), text):
        mapping.write_text(reading, encoding="utf-8")
        route.land(settings, date(2026, 1, 31))
        assert len(read_lake(settings).commits[-1]["deliveries"]) > 1
    assert contents(settings) == contents(erased)
    test_deliveries_reconcile_with_the_lake(settings)
    erase(settings, Asked(customers=("help_desk/C-0191",)))


def test_a_lake_made_again_from_the_landing_is_the_erased_one(
    erased: Settings, tmp_path: Path
) -> None:
    settings = Company(erased, ()).copy(tmp_path)
    shutil.rmtree(settings.raw)
    route.land(settings, date(2026, 1, 31))
    assert contents(settings) == contents(erased)


def test_a_firm_stays_when_one_contact_asks(landed: Company, tmp_path: Path) -> None:
    settings = landed.copy(tmp_path)
    erase(settings, Asked(customers=("help_desk/C-0191",)))
    for table, column, name in (
        ("crm_accounts", "account_id", "A-191"),
        ("orders", "customer_ref", "N-0191"),
    ):
        of_firm = pl.any_horizontal(pl.col(column) == name, pl.col("account_id") == "A-191")
        before, after = (
            rows_of(s, table).filter(of_firm).height for s in (landed.settings, settings)
        )
        assert after == before > 0
    contacts = rows_of(settings, "crm_contacts")["contact_id"]
    assert "C-0191" not in contacts
    assert "C-0191b" in contacts
    with pytest.raises(UsageError, match="business account"):
        erase(settings, Asked(customers=("help_desk/A-191",)))


def test_pending_requests_are_carried_out_and_still_counted(
    landed: Company, tmp_path: Path
) -> None:
    settings = landed.copy(tmp_path)
    (certificate,) = erase(settings, Asked(pending=True))
    assert certificate["requests"] == ["help_desk/F-1"]
    requests = rows_of(settings, "crm_erasures")
    assert requests.select("request_id", "contact_id").rows() == [("F-1", None)]
    assert "C-0149" not in rows_of(settings, "crm_contacts")["contact_id"]
    assert erase(settings, Asked(pending=True)) == []


def test_a_request_of_another_scope_is_left_alone(landed: Company, tmp_path: Path) -> None:
    asked = Asked(pending=True, scopes=("marketing",))
    settings = landed.copy(tmp_path)
    assert erase(settings, asked) == []
    assert preview(settings, asked).named.left == ("help_desk/F-1 (everything)",)


REQUESTS = """
  requests:
    files: "requests*.csv"
    business_day: "_([0-9-]+)"
    known_from: [requested_at]
    targets:
      crm_erasures:
        columns:
          request_id: {from: request}
          contact_id: {from: contact}
          email_sha256: {from: hash}
          requested_at: {from: at}
          scope: {const: all}
"""


def test_a_request_waits_for_the_address_that_it_names_by_its_hash(tmp_path: Path) -> None:
    settings = make_stage(tmp_path, MAPPED_BY_DAY + REQUESTS).settings
    folder = settings.landing / "shop"
    put(folder, "baskets_2024-05-30.csv", basket_row("b1", customer="bob", mail="bob@x.example"))
    request = f"q1,,{address_hash('Ann@x.example')},2024-05-30T10:00:00Z\n"
    (folder / "requests_2024-05-30.csv").write_text("request,contact,hash,at\n" + request)
    route.land(settings, date(2024, 5, 30))
    pending = Asked(pending=True)
    assert erase(settings, pending) == []
    assert preview(settings, pending).named.waiting == ("shop/q1",)
    put(folder, "baskets_2024-05-31.csv", basket_row("b2", customer="ann", mail="ann@x.example"))
    route.land(settings, date(2024, 5, 31))
    (certificate,) = erase(settings, pending)
    assert certificate["requests"] == ["shop/q1"]
    assert rows_of(settings, "orders")["customer_ref"].drop_nulls().to_list() == ["bob"]
    assert preview(settings, pending).named.waiting == ()


def test_an_address_in_a_file_names_its_person(landed: Company, tmp_path: Path) -> None:
    path = tmp_path / "addresses.txt"
    path.write_text("Canary.Bird@CAGE.example\n", encoding="utf-8")
    found = preview(landed.settings, Asked(email_file=path)).people.nodes
    assert found.equals(preview(landed.settings, CANARY).people.nodes)
    path.write_text("info@bigmall.example\n", encoding="utf-8")
    with pytest.raises(UsageError, match="Lines 1 hold"):
        preview(landed.settings, Asked(email_file=path))
    path.write_text("ann@mail.example\nzoë@mail.example\n", encoding="latin-1")
    with pytest.raises(UsageError, match="not UTF-8") as caught:
        preview(landed.settings, Asked(email_file=path))
    assert caught.value.where == f"{path}, line 2"


def test_who_is_not_known_is_said_so(erased: Settings) -> None:
    with pytest.raises(UsageError, match="No record"):
        preview(erased, Asked(customers=("help_desk/C-NOBODY",)))
    with pytest.raises(UsageError, match="Nobody said"):
        erase(erased, Asked())


def test_a_list_that_is_gone_or_changed_stops_the_landing(erased: Settings, tmp_path: Path) -> None:
    settings = Company(erased, ()).copy(tmp_path)
    path = settings.erasures / "suppressed.json"
    document = read_json(path)
    write_json(path, document | {"suppressed": document["suppressed"][1:]})
    with pytest.raises(LakeCorrupt, match="suppressed"):
        read_erased(settings)
    path.unlink()
    with pytest.raises(LakeCorrupt, match="suppressed"):
        read_erased(settings)


@pytest.mark.parametrize("wiped", [False, True], ids=["in its place", "into an empty root"])
def test_a_restore_of_a_backup_from_before_does_not_bring_the_erased_back(
    landed: Company, erased: Settings, tmp_path: Path, wiped: bool
) -> None:
    """The list of the newest backup holds, and so does one that is there."""
    settings, backup, safe = landed.copy(tmp_path), tmp_path / "backup", tmp_path / "safe"
    old = back_up(settings, backup, safe, print)["generation"]
    assert hits(replace(settings, data=backup), ("C-CANARY",)), "an old backup holds the person"
    erase(settings, CANARY)
    if wiped:
        back_up(settings, backup, safe, print)
        shutil.rmtree(settings.data)
    restore(settings, backup, safe, print, generation=old, force=True)
    assert hits(settings, (*CLEAR, *landed.texts)) == []
    assert contents(settings) == contents(erased)
    assert len(list((settings.erasures / "certificates").iterdir())) == 2


def test_a_restore_of_a_backup_from_after_has_nothing_to_do(
    erased: Settings, tmp_path: Path
) -> None:
    settings, backup, safe = Company(erased, ()).copy(tmp_path), tmp_path / "b", tmp_path / "s"
    back_up(settings, backup, safe, print)
    restore(settings, backup, safe, print, force=True)
    assert read_lake(settings).version == read_lake(erased).version
    assert len(list((settings.erasures / "certificates").iterdir())) == 1


def test_files_joined_before_and_after_an_erasure_hold_the_same_rows(
    landed: Company, erased: Settings, tmp_path: Path
) -> None:
    before, after = landed.copy(tmp_path / "before"), Company(erased, ()).copy(tmp_path / "after")
    for settings in (before, after):
        deliver_next_month(settings)
        assert compact_lake(settings, print)
    erase(before, CANARY)
    assert hits(before, (*CLEAR, *landed.texts)) == []
    assert contents(before) == contents(after)


def test_a_joined_file_forgets_rows_that_do_not_count_any_more(tmp_path: Path) -> None:
    """A replay leaves the rows it replaced in a joined file, and the file is read for others."""
    settings = make_stage(tmp_path, MAPPED_BY_DAY).settings
    folder = settings.landing / "shop"
    for day in ("2024-05-30", "2024-05-31", "2024-06-01"):
        row = basket_row(f"of {day}", customer=day, mail=f"{day}@x.example")
        put(folder, f"baskets_{day}.csv", row)
    route.land(settings, date(2024, 6, 1))
    assert compact_lake(settings, print)
    first = read_lake(settings).deliveries[0]
    corrected = put(tmp_path, "x.csv", basket_row("b", "2.00", customer="2024-05-30"))
    replay_file(settings, first["delivery_id"], corrected, "typing error")
    assert not all(file.whole for file in read_lake(settings).files)
    erase(settings, Asked(customers=("shop/2024-05-30",)))
    orders = pl.concat(pl.read_parquet(path) for path in (settings.raw / "orders").iterdir())
    assert set(orders["customer_ref"].drop_nulls()) == {"2024-05-31", "2024-06-01"}
    assert orders["email"].drop_nulls().n_unique() == 2
    verify_files(read_lake(settings).files)


POINTS = [point for point in faults.POINTS if point.startswith("erase.")]


class Died(BaseException):
    """What stands for a kill within the process."""


def lay_releases(settings: Settings) -> None:
    """Lay a release from before the canary was known, one from after it, and a list of that."""
    for name, as_of in (("before", "2020-01-01"), ("since", "2026-01-31")):
        folder = make_folder(settings.marts / "releases" / name)
        write_document(folder / MANIFEST, {"run_id": name, "as_of": as_of})
    lists = make_folder(settings.data / "lists")
    manifest = {"run_id": "since", "as_of": "2026-01-31", "files": {}}
    write_document(lists / "segments.manifest.json", manifest)


@pytest.mark.parametrize("point", POINTS)
def test_stopped_anywhere_it_is_ended_by_the_next_one(
    landed: Company,
    erased: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    point: str,
) -> None:
    settings = landed.copy(tmp_path)
    lay_releases(settings)

    def die(reached: str) -> None:
        if reached == point:
            raise Died

    with monkeypatch.context() as patch, pytest.raises(Died):
        patch.setattr(erasing, "reach", die)
        erase(settings, CANARY)
    assert_ended(settings, landed, erased)


@pytest.mark.parametrize("step", ["erase_from_lake", "remove"])
def test_stopped_right_after_a_step_its_certificate_is_whole(
    landed: Company,
    erased: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    settings = landed.copy(tmp_path)
    lay_releases(settings)
    done = getattr(erasing, step)

    def die(*args: object) -> None:
        done(*args)
        raise Died

    with monkeypatch.context() as patch, pytest.raises(Died):
        patch.setattr(erasing, step, die)
        erase(settings, CANARY)
    assert_ended(settings, landed, erased)


def test_two_that_were_begun_are_ended_together(
    landed: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restore may begin one beside another; the day is built when both are out of the lake."""
    settings = landed.copy(tmp_path)
    lay_releases(settings)
    (settings.marts / "current").symlink_to("releases/since")
    for asked in (CANARY, Asked(customers=("help_desk/C-0191",))):
        begin(settings, (), preview(settings, asked).people)
    days = []

    def build(settings: Settings, as_of: date, _: object) -> None:
        refuse_unfinished(settings)
        days.append(as_of)

    monkeypatch.setattr(erasing, "build_warehouse", build)
    monkeypatch.setattr(route, "publish_build", lambda *_: None)
    done = erase(settings, Asked())
    assert [certificate["releases_removed"] for certificate in done] == [["since"], ["since"]]
    assert days == [date(2026, 1, 31)]
    assert hits(settings, (*CLEAR, *landed.texts)) == []
    assert not list((settings.erasures / "open").iterdir())


def test_stopped_before_masked_rows_are_in_place_it_is_ended_by_the_next_one(
    landed: Company, erased: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = landed.copy(tmp_path)
    lay_releases(settings)

    def die(*arguments: Any) -> None:
        note_masked(*arguments)
        raise Died

    with monkeypatch.context() as patch, pytest.raises(Died):
        patch.setattr(places, "note_masked", die)
        erase(settings, CANARY)
    assert reject_rows(settings, Filter(), 10_000).height > 0
    assert_ended(settings, landed, erased)


@pytest.mark.parametrize("point", ["erase.lake", "files.renamed:4"])
def test_killed_it_is_ended_by_the_next_one(
    landed: Company, erased: Settings, tmp_path: Path, point: str
) -> None:
    settings = landed.copy(tmp_path)
    lay_releases(settings)
    command = ["erase", "--customer", "help_desk/C-CANARY", "--data", str(settings.data)]
    command += ["--landing", str(settings.landing), "--mappings", str(settings.mappings)]
    killed = subprocess.run(
        [sys.executable, "-c", "from etl.cli import main; main()", *command],
        env=os.environ | {"FAULT_AT": point},
        capture_output=True,
        check=False,
        cwd=PROJECT_ROOT,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert_ended(settings, landed, erased)


def assert_ended(settings: Settings, landed: Company, erased: Settings) -> None:
    """End an erasure that was begun, and see that it is what one without a fault is."""
    (certificate,) = erase(settings, Asked())
    assert hits(settings, (*CLEAR, *landed.texts)) == []
    assert contents(settings) == contents(erased)
    (whole,) = (erased.erasures / "certificates").iterdir()
    assert certificate["counts"] == read_json(whole)["counts"]
    assert certificate["releases_removed"] == ["since"]
    assert [path.name for path in (settings.marts / "releases").iterdir()] == ["before"]
    assert not list((settings.data / "lists").iterdir())
    assert len(certificate["lake"]["commits"]) == 1
    assert reject_rows(settings, Filter(), 10_000).equals(reject_rows(erased, Filter(), 10_000))
    assert not list((settings.erasures / "open").iterdir())


def test_the_command_says_what_it_does_and_names_nobody(landed: Company, tmp_path: Path) -> None:
    settings = landed.copy(tmp_path)
    whom = ["erase", "--customer", "help_desk/C-CANARY", "--json"]
    places = [f"--data={settings.data}", f"--landing={settings.landing}"]
    asked = CliRunner().invoke(app, [*whom, *places, "--dry-run"])
    assert asked.exit_code == 0, asked.output
    assert json.loads(asked.stdout.splitlines()[0])
    assert contents(settings) == contents(landed.settings), "a dry run changes nothing"
    assert not settings.erasures.exists()
    done = CliRunner().invoke(app, [*whom, *places])
    assert done.exit_code == 0, done.output
    assert "files as delivered" in done.stderr
    said = (asked.output + done.output).casefold()
    assert not [text for text in (*CLEAR, *landed.texts) if text.casefold() in said]
    assert hits(settings, CLEAR) == []
    before = contents(settings)
    again = CliRunner().invoke(app, [*whom, *places])
    assert (again.exit_code, again.stdout) == (0, "")
    assert contents(settings) == before, "who was erased is not erased twice"


def test_nothing_is_built_or_published_while_an_erasure_is_open(
    erased: Settings, tmp_path: Path
) -> None:
    settings = replace(erased, data=tmp_path)
    refuse_unfinished(settings)
    write_json(settings.erasures / "open" / "x.json", {"is_stored": False})
    with pytest.raises(DataBlocked, match="ERASURE_OPEN"):
        refuse_unfinished(settings)
    finished = Build(BuildRecord("x", "2026-01-31", "l", "s", "c", {}), {})
    with pytest.raises(DataBlocked, match="ERASURE_OPEN"):
        route.publish_build(settings, finished, print)
