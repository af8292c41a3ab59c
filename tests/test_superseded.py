"""A version that took the place of another's is erased: the other's does not count again.

Small files through the real landing, and the project's own macro over the inputs of a build.
"""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from pathlib import Path

import duckdb
import jinja2
import polars as pl
import pytest

from etl import route
from etl.config import DBT_PROJECT
from etl.contract import TABLES
from etl.erasure.erasing import erase
from etl.erasure.requests import Asked
from etl.errors import ConfigError
from etl.lake.commits import read_lake
from etl.lake.snapshot import write_snapshot
from etl.lake.superseded import FILE
from tests.delivering import Stage, make_stage

ANN = Asked(customers=("crm/contact/ann",))
FIRST = date(2024, 5, 1)
LAST = FIRST + timedelta(days=9)
CRM = """
system: crm
business_time_zone: UTC
exports:
  contacts:
    files: "contacts*.csv"
    business_day: "_([0-9-]+)"
    targets:
      crm_contacts:
        columns:
          contact_id: {from: who}
          created_at: {const: "2024-01-01T00:00:00Z"}
          updated_at: {const: "2024-01-01T00:00:00Z"}
      crm_loyalty_accounts:
        columns:
          member_id: {text: "of {who}"}
          contact_id: {from: who}
          programme: {const: club}
          joined_on: {const: "2024-01-01"}
  said:
    files: "said*.csv"
    business_day: "_([0-9-]+)"
    known_from: [occurred_at]
    targets:
      crm_consent_events:
        columns:
          consent_id: {text: "{id}/email"}
          contact_id: {from: who}
          channel: {const: email}
          purpose: {const: marketing}
          state: {const: granted}
          occurred_at: {from: at}
          updated_at: {from: changed}
      crm_loyalty_accounts:
        columns:
          member_id: {from: id}
          contact_id: {from: who}
          programme: {const: club}
          joined_on: {const: "2024-01-01"}
          updated_at: {from: changed}
      crm_loyalty_transactions:
        columns:
          transaction_id: {from: id}
          member_id: {text: "of {who}"}
          kind: {const: earn}
          points: {const: 1}
          occurred_at: {from: at}
          updated_at: {from: changed}
"""
# Column that tells whose a record is.
WHOSE = {
    "crm_consent_events": "contact_id",
    "crm_loyalty_accounts": "contact_id",
    "crm_loyalty_transactions": "member_id",
}
CONSENTS = "crm_consent_events"


@pytest.fixture
def crm(tmp_path: Path) -> Stage:
    """A CRM that has delivered whom it knows."""
    return known_people(tmp_path)


def known_people(root: Path, yaml: str = CRM) -> Stage:
    stage = make_stage(root, yaml)
    folder = stage.settings.landing / "crm"
    folder.mkdir(parents=True)
    (folder / f"contacts_{FIRST}.csv").write_text("who\nann\nbob\ncarl\n")
    route.land(stage.settings, LAST)
    return stage


def day(nth: int) -> date:
    return FIRST + timedelta(days=nth)


def said(who: str, nth: int = 0, changed: int | None = None) -> str:
    """Return the record as somebody's, said on a day."""
    updated = "" if changed is None else f"{day(changed)}T07:00:00Z"
    return f"x,{who},{day(nth)}T06:00:00Z,{updated}\n"


def deliver(stage: Stage, nth: int, *rows: str, part: str = "") -> None:
    """Deliver a file for the n-th day."""
    path = stage.settings.landing / "crm" / f"said{part}_{day(nth)}.csv"
    path.write_text("id,who,at,changed\n" + "".join(rows))


def land(stage: Stage) -> None:
    route.land(stage.settings, LAST)


def in_force(stage: Stage, days: int, table: str = CONSENTS) -> list[str | None]:
    """Return whose the record is as of each of some days, by the macro of the models."""
    folder = write_snapshot(stage.settings, read_lake(stage.settings))
    macros = (DBT_PROJECT / "macros" / "versions.sql").read_text(encoding="utf-8")
    latest = jinja2.Template(macros + "{{ latest_versions(relation, keys) }}")
    names = {"relation": f"'{folder}/{table}/*.parquet'", "keys": TABLES[table].key}
    (key,) = TABLES[table].key
    found = []
    for nth in range(days):
        sql = latest.render(names, as_of_date=lambda nth=nth: f"date '{day(nth)}'")
        rows = duckdb.sql(sql).pl().filter(~pl.col(key).str.starts_with("of "))
        assert rows.height <= 1
        found.append(rows[WHOSE[table]].item().removeprefix("of ") if rows.height else None)
    return found


@pytest.mark.parametrize("order", list(itertools.permutations((0, 1, 2))))
def test_whatever_comes_first_the_older_version_stays_out_of_force(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    """Bob's, then ann's, then carl's: the others' history is as it was, and ann is nobody."""
    for place in range(4):
        stage = known_people(tmp_path / str(place))
        for nth_file, nth in enumerate(order):
            if nth_file == place:
                erase(stage.settings, ANN)
            deliver(stage, nth, said(("bob", "ann", "carl")[nth], changed=nth))
            land(stage)
        if place == len(order):
            assert in_force(stage, 4) == ["bob", "ann", "carl", "carl"]
            erase(stage.settings, ANN)
        assert in_force(stage, 4) == ["bob", None, "carl", "carl"], place


@pytest.mark.parametrize("table", WHOSE)
def test_an_erased_correction_leaves_nothing_in_force_and_history_as_it_was(
    crm: Stage, table: str
) -> None:
    deliver(crm, 0, said("bob"))
    deliver(crm, 1, said("ann"))
    land(crm)
    assert in_force(crm, 3, table) == ["bob", "ann", "ann"]
    erase(crm.settings, ANN)
    assert in_force(crm, 3, table) == ["bob", None, None]


def test_a_redelivery_brings_nothing_back(crm: Stage) -> None:
    deliver(crm, 0, said("bob", changed=0))
    deliver(crm, 1, said("ann", changed=1))
    land(crm)
    erase(crm.settings, ANN)
    deliver(crm, 3, said("ann", changed=1))
    deliver(crm, 4, said("bob", changed=0))
    land(crm)
    assert in_force(crm, 6) == ["bob", *[None] * 5]


def test_of_two_that_are_equally_late_the_erased_one_counts(crm: Stage) -> None:
    """Without a time of change only the day tells which is later; both come for one again."""
    deliver(crm, 0, said("bob"))
    deliver(crm, 1, said("ann"))
    land(crm)
    erase(crm.settings, ANN)
    deliver(crm, 3, said("bob"), part="1")
    deliver(crm, 3, said("ann"), part="2")
    deliver(crm, 4, said("bob"), said("ann"))
    land(crm)
    assert in_force(crm, 6) == ["bob", *[None] * 5]


def test_what_the_source_says_later_counts_as_without_the_erasure(crm: Stage) -> None:
    deliver(crm, 0, said("bob"))
    deliver(crm, 1, said("ann"))
    deliver(crm, 2, said("bob"))
    land(crm)
    assert in_force(crm, 4) == ["bob", "ann", "bob", "bob"]
    erase(crm.settings, ANN)
    assert in_force(crm, 4) == ["bob", None, "bob", "bob"]


def test_in_a_history_what_was_known_after_the_erased_version_counts(tmp_path: Path) -> None:
    """All of a file is equally late there, but for the day on which it became known."""
    history = CRM.replace("known_from:", "mode: history\n    known_from:")
    before = known_people(tmp_path / "before", history)
    deliver(before, 5, said("bob", 2), said("ann", 3))
    land(before)
    erase(before.settings, ANN)
    assert in_force(before, 5) == [None, None, "bob", None, None]
    after = known_people(tmp_path / "after", history)
    deliver(after, 5, said("ann", 2), said("bob", 3))
    land(after)
    erase(after.settings, ANN)
    assert in_force(after, 5) == [None, None, None, "bob", "bob"]


def test_nobody_elses_record_is_touched_and_the_lake_has_no_key_of_the_erased(crm: Stage) -> None:
    deliver(crm, 0, said("bob").replace("x", "y"))
    deliver(crm, 1, said("ann"))
    land(crm)
    erase(crm.settings, ANN)
    folder = write_snapshot(crm.settings, read_lake(crm.settings))
    laid = [path for path in folder.glob(f"*/{FILE}") if pl.read_parquet(path).height]
    assert laid == [], "no other has a version of it"
    consents = pl.read_parquet(folder / CONSENTS / "*.parquet").sort("known_on")
    assert consents["contact_id"].to_list() == ["bob", None]
    assert consents["consent_id"].str.contains("^(y/email|erased-[0-9a-f]{32})$").all()


def test_without_the_key_nothing_is_built_from_what_was_erased(crm: Stage) -> None:
    deliver(crm, 0, said("bob"))
    deliver(crm, 1, said("ann"))
    land(crm)
    key = crm.settings.key_file.read_bytes()
    crm.settings.key_file.unlink()
    write_snapshot(crm.settings, read_lake(crm.settings))
    crm.settings.key_file.write_bytes(key)
    crm.settings.key_file.chmod(0o600)
    erase(crm.settings, ANN)
    crm.settings.key_file.unlink()
    with pytest.raises(ConfigError) as caught:
        write_snapshot(crm.settings, read_lake(crm.settings))
    assert caught.value.code == "KEY_MISSING"
