"""Clear values: all of a customer's, for a reason, to who may read the vault, and written down."""

from __future__ import annotations

import json
import os
import pwd
import re
import subprocess
import sys
from datetime import date
from hashlib import md5
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from etl import reveal as module
from etl.cli.app import app
from etl.config import PROJECT_ROOT, Settings, load_settings
from etl.errors import EXIT_USAGE, Busy, LoyaltyError, UsageError
from etl.privacy import audit
from etl.privacy.audit import audit_files, read_chain
from etl.privacy.vault import Vault
from etl.reveal import NotAllowed, reveal_customer, reveal_token
from tests.company.people import Person
from tests.company.published import PublishedCompany

WHY = "a letter came back unread"
RUNNER = CliRunner()


@pytest.fixture
def settings(published: PublishedCompany) -> Settings:
    return published.settings


def last_line(settings: Settings) -> dict[str, Any]:
    return json.loads(audit_files(settings)[-1].read_text(encoding="utf-8").splitlines()[-1])


def fields(rows: list[dict[str, Any]], source_id: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        if row["source_id"] == source_id:
            found.setdefault(row["field"], []).append(row["value"])
    return found


def test_every_value_of_every_record_is_shown_the_newest_first(settings: Settings) -> None:
    """Person 60 moved to another address, and shops in the north and nowhere else."""
    person = Person(60)
    found = reveal_customer(settings, f"help_desk/{person.contact_id}", WHY)
    assert fields(found.rows, person.contact_id) == {
        "email": ["moved60@mail.example", person.email],
        "first_name": [person.name[0]],
        "last_name": [person.name[1]],
    }
    orders = fields(found.rows, person.north_ref)
    assert orders["email"] == [person.email]
    assert not [row for row in found.rows if row["value"] is None]


def test_a_customer_key_shows_the_same_as_a_record(settings: Settings) -> None:
    by_record = reveal_customer(settings, "help_desk/C-0060", WHY)
    by_key = reveal_customer(settings, str(by_record.customer_key), WHY)
    assert by_key == by_record


def test_a_guest_is_shown_by_the_address_of_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No record names them: their key is made of the address alone."""
    orders = pl.LazyFrame(
        {
            "source_system": ["shop"] * 3,
            "email": ["t1", "t2", None],
            "phone": ["t3", None, None],
            "known_on": [date(2026, 1, 2)] * 3,
        }
    )
    monkeypatch.setattr(module, "_lake_rows", lambda *_: orders)
    key = md5(b"|email|t1", usedforsecurity=False).hexdigest()
    records = pl.DataFrame(schema=module._RECORD)
    held = module._tokens_of(load_settings(data=tmp_path), key, records)
    assert held.select("entity", "field", "token").rows() == [
        ("email", "email", "t1"),
        ("email", "phone", "t3"),
    ]


def test_a_token_is_shown(settings: Settings) -> None:
    Vault(settings).remember("name", pl.DataFrame({"token": ["t1"], "value": ["Ann"]}))
    assert reveal_token(settings, "t1", WHY).rows[0]["value"] == "Ann"
    assert last_line(settings)["tokens"] == ["t1"]


def test_who_asked_for_whom_and_why_is_written_without_a_clear_value(settings: Settings) -> None:
    found = reveal_customer(settings, "help_desk/C-0060", f"  {WHY}\n")
    line = last_line(settings)
    assert (line["kind"], line["why"], line["outcome"]) == ("reveal", WHY, "shown")
    assert (line["customer_key"], bool(line["who"])) == (found.customer_key, True)
    assert len(line["tokens"]) == len({row["value"] for row in found.rows})
    assert all(re.fullmatch("[0-9a-f]{32}", token) for token in line["tokens"])
    text = audit_files(settings)[-1].read_text(encoding="utf-8")
    assert "mail.example" not in text
    assert not read_chain(settings).broken


def test_what_cannot_be_written_down_is_not_shown(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(*_: object, **__: object) -> None:
        raise Busy("held")

    monkeypatch.setattr(audit, "append", held)
    with pytest.raises(Busy):
        reveal_customer(settings, "help_desk/C-0060", WHY)


@pytest.mark.parametrize("why", ["", "  ", "because", "x" * 201])
def test_nothing_is_shown_without_a_reason(settings: Settings, why: str) -> None:
    with pytest.raises(UsageError, match="without a reason"):
        reveal_customer(settings, "help_desk/C-0060", why)


def test_an_unknown_customer_is_written_down_without_what_was_asked(settings: Settings) -> None:
    for call in (
        lambda: reveal_customer(settings, "ada@mail.example/1", WHY),
        lambda: reveal_token(settings, "ada@mail.example", WHY),
    ):
        with pytest.raises(UsageError):
            call()
        line = last_line(settings)
        assert line["outcome"] in ("CUSTOMER_UNKNOWN", "USAGE")
        assert "ada@" not in json.dumps(line)


def test_who_may_not_read_the_vault_is_refused_and_written_down(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_: Settings) -> Vault:
        raise PermissionError(13, "Permission denied", "vault.key")

    monkeypatch.setattr(module, "Vault", closed)
    with pytest.raises(NotAllowed):
        reveal_customer(settings, "help_desk/C-0060", WHY)
    assert last_line(settings)["outcome"] == "NOT_ALLOWED"
    assert "customer_key" not in last_line(settings)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_another_user_of_the_machine_cannot_reveal() -> None:
    """Who can reach the data root, and write the log, but not open the vault."""
    code = (
        "import os, sys; from pathlib import Path; from etl.config import load_settings\n"
        "from etl.reveal import reveal_token, NotAllowed\n"
        "os.setgroups([]); os.setgid(65534); os.setresuid(65534, 65534, 65534)\n"
        "try: reveal_token(load_settings(data=Path(sys.argv[1])), 't1', 'let me have a look')\n"
        "except NotAllowed as error: print(error.code)\n"
    )
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        settings = load_settings(data=Path(folder))
        Vault(settings).remember("name", pl.DataFrame({"token": ["t1"], "value": ["Ann"]}))
        done = subprocess.run(
            [sys.executable, "-c", code, folder],
            capture_output=True,
            text=True,
            check=False,
            cwd=PROJECT_ROOT,
        )
        assert done.stdout.strip() == "NOT_ALLOWED", done.stderr
        assert last_line(settings)["who"] == pwd.getpwuid(65534).pw_name


def test_a_copy_of_the_marts_reveals_nothing(published: PublishedCompany, tmp_path: Path) -> None:
    from tests.test_explain import own_root

    with pytest.raises(LoyaltyError) as caught:
        reveal_customer(own_root(published, tmp_path), "help_desk/C-0060", WHY)
    assert caught.value.code == "NO_VAULT"


def test_the_command_shows_and_refuses(settings: Settings) -> None:
    ask = ["reveal", "--data", str(settings.data), "--json", "--reason", WHY]
    done = RUNNER.invoke(app, [*ask, "help_desk/C-0060"])
    assert done.exit_code == 0, done.output
    shown = [json.loads(line) for line in done.stdout.splitlines()]
    assert "moved60@mail.example" in {row["value"] for row in shown}
    assert RUNNER.invoke(app, ask).exit_code == EXIT_USAGE
    assert RUNNER.invoke(app, [*ask, "help_desk/C-0060", "--token", "t1"]).exit_code == EXIT_USAGE
    assert RUNNER.invoke(app, ["reveal", "help_desk/C-0060"]).exit_code == EXIT_USAGE


@pytest.fixture
def small(tmp_path: Path) -> Settings:
    """A vault with one value and nothing else."""
    alone = load_settings(data=tmp_path / "data")
    value = pl.DataFrame({"token": ["t1"], "value": ["ann@mail.example"]})
    Vault(alone).remember("email", value)
    return alone


def test_no_token_is_shown_without_a_reason(small: Settings) -> None:
    assert reveal_token(small, "t1", WHY).rows[0]["value"] == "ann@mail.example"
    with pytest.raises(UsageError, match="without a reason"):
        reveal_token(small, "t1", "because")


def test_no_token_is_shown_that_cannot_be_written_down(
    small: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(*_: object, **__: object) -> None:
        raise Busy("held")

    monkeypatch.setattr(audit, "append", held)
    with pytest.raises(Busy):
        reveal_token(small, "t1", WHY)
