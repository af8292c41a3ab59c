"""Keys that are never replaced, and a vault that only its own key can read."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import polars as pl
import pytest
from typer.testing import CliRunner

from etl.cli.app import app
from etl.config import PROJECT_ROOT, Settings, load_settings
from etl.errors import Busy, ConfigError, LoyaltyError
from etl.faults import POINTS
from etl.keep.backup import back_up
from etl.keep.generations import newest
from etl.privacy import vault as module
from etl.privacy.audit import audit_files
from etl.privacy.rotating import rotate_vault_key
from etl.privacy.vault import Vault, load_or_create_key
from tests.killing import killed_at_write


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path / "data")


def pairs(*rows: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["token", "value"], orient="row")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


# -- the pseudonym key ---------------------------------------------------------------------------


def test_a_new_key_is_private_random_and_stays(settings: Settings, tmp_path: Path) -> None:
    key = load_or_create_key(settings)
    assert len(key) == 32
    assert load_or_create_key(settings) == key
    assert (mode(settings.key_file), mode(settings.key_file.parent)) == (0o600, 0o700)
    assert [path.name for path in settings.key_file.parent.iterdir()] == [settings.key_file.name]
    assert load_or_create_key(load_settings(data=tmp_path / "other")) != key


def test_processes_that_start_together_share_one_key(settings: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_or_create_key(settings), range(16)))
    assert len(keys) == 1


@pytest.mark.parametrize("sign", ["raw/_commits/batch.json", "vault/vault.sqlite"])
def test_a_lost_key_is_never_replaced(settings: Settings, sign: str) -> None:
    path = settings.data / sign
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    with pytest.raises(ConfigError, match="Restore it") as caught:
        load_or_create_key(settings)
    assert caught.value.code == "KEY_MISSING"
    assert caught.value.where == str(settings.key_file)
    assert not settings.key_file.exists()


@pytest.mark.parametrize("open_mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(settings: Settings, open_mode: int) -> None:
    load_or_create_key(settings)
    settings.key_file.chmod(open_mode)
    with pytest.raises(ConfigError, match="chmod 600") as caught:
        load_or_create_key(settings)
    assert caught.value.code == "KEY_UNSAFE"


@pytest.mark.parametrize("text", ["", "abc", "g" * 64, "0" * 63, "0" * 65, "\u0660" * 64])
def test_a_key_that_is_none_is_refused_and_not_shown(settings: Settings, text: str) -> None:
    load_or_create_key(settings)
    settings.key_file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_or_create_key(settings)
    assert caught.value.code == "KEY_INVALID"
    assert not text or text not in str(caught.value)


# -- the vault -----------------------------------------------------------------------------------


def test_gives_back_what_it_was_given(settings: Settings) -> None:
    vault = Vault(settings)
    assert vault.remember("name", pairs(("t1", "Ann"), ("t2", "中文"))) == 2
    assert [Vault(settings).reveal(token) for token in ("t1", "t2", "t3")] == ["Ann", "中文", None]


def test_the_first_value_of_a_token_stays(settings: Settings) -> None:
    vault = Vault(settings)
    vault.remember("name", pairs(("t1", "Ann")))
    assert vault.remember("name", pairs(("t1", "ANN"), ("t2", "Bob"))) == 1
    assert (vault.reveal("t1"), vault.reveal("t2")) == ("Ann", "Bob")
    assert vault.remember("name", pairs().cast(pl.String)) == 0


def test_many_values_go_in_at_once(settings: Settings) -> None:
    vault = Vault(settings)
    many = pl.DataFrame({"n": range(60_000)}).select(
        token=pl.format("t{}", "n"), value=pl.format("v{}", "n")
    )
    assert vault.remember("name", many) == many.height
    assert vault.remember("name", many) == 0
    assert vault.reveal("t59999") == "v59999"


def test_files_are_private_and_hold_no_clear_text(settings: Settings) -> None:
    Vault(settings).remember("name", pairs(("token-one", "Canary Quillfeather")))
    assert mode(settings.vault) == 0o700
    for path in settings.vault.iterdir():
        assert mode(path) == 0o600
        assert b"Canary" not in path.read_bytes()


def test_a_value_under_another_token_is_not_believed(settings: Settings) -> None:
    vault = Vault(settings)
    vault.remember("name", pairs(("t1", "Ann"), ("t2", "Bob")))
    with sqlite3.connect(settings.vault / "vault.sqlite") as connection:
        row = connection.execute("select nonce, ciphertext from personal_values where token='t1'")
        connection.execute(
            "update personal_values set nonce = ?, ciphertext = ? where token = 't2'",
            row.fetchone(),
        )
    assert vault.reveal("t1") == "Ann"
    with pytest.raises(LoyaltyError) as caught:
        vault.reveal("t2")
    assert caught.value.code == "VAULT_CORRUPT"


def test_a_token_is_believed_to_be_unknown_only_of_a_sound_vault(settings: Settings) -> None:
    vault = Vault(settings)
    vault.remember("name", pairs(("t1", "Ann"), ("t2", "Bob")))
    assert vault.reveal("t3") is None
    with sqlite3.connect(settings.vault / "vault.sqlite") as connection:
        connection.execute("update personal_values set token = 't9' where token = 't1'")
    with pytest.raises(LoyaltyError) as caught:
        vault.reveal("t1")
    assert caught.value.code == "VAULT_CORRUPT"


def test_nothing_is_stored_with_another_key(settings: Settings) -> None:
    """A digit of the key flipped: what came now would be lost with the next good key."""
    Vault(settings).remember("name", pairs(("t1", "Ann")))
    path = settings.vault / "vault.key"
    key = path.read_text()
    path.write_text(("0" if key[0] != "0" else "1") + key[1:])
    with pytest.raises(LoyaltyError) as caught:
        Vault(settings).remember("name", pairs(("t2", "Bob")))
    assert caught.value.code == "VAULT_CORRUPT"
    path.write_text(key)
    assert Vault(settings).reveal_all(["t1", "t2"]) == {"t1": "Ann"}


def test_a_vault_without_its_key_is_refused(settings: Settings) -> None:
    Vault(settings)
    (settings.vault / "vault.key").unlink()
    with pytest.raises(ConfigError) as caught:
        Vault(settings)
    assert caught.value.code == "KEY_MISSING"


def test_a_failed_write_leaves_nothing(settings: Settings) -> None:
    vault = Vault(settings)
    with pytest.raises(sqlite3.IntegrityError):
        vault.remember("name", pairs(("t1", "Ann"), ("t2", "Bob"), ("t2", "Bill")))
    assert vault.reveal("t1") is None


def test_a_vault_that_another_process_writes_is_busy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUSY_TIMEOUT_SECONDS", 0)
    vault = Vault(settings)
    with vault._open(), pytest.raises(Busy) as caught:
        vault.remember("name", pairs(("t1", "Ann")))
    assert caught.value.where.endswith("vault.sqlite")
    assert vault.remember("name", pairs(("t1", "Ann"))) == 1


def test_only_the_vault_itself_is_closed_to_the_group(settings: Settings) -> None:
    Vault(settings)
    assert (mode(settings.data), mode(settings.vault)) == (0o750, 0o700)


# -- another key ---------------------------------------------------------------------------------

ROTATE = """
from etl.privacy.rotating import rotate_vault_key
rotate_vault_key(settings)
"""
MANY = 400


@pytest.fixture
def filled(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(module, "_ROWS_A_TIME", 150)
    load_or_create_key(settings)
    Vault(settings).remember("email", pairs(*((f"t{n:03}", f"v{n}") for n in range(MANY))))
    return settings


def sealed(settings: Settings) -> dict[str, tuple[bytes, bytes]]:
    """What the file holds, read past the code under test."""
    with sqlite3.connect(settings.vault / "vault.sqlite") as connection:
        rows = connection.execute("select token, nonce, ciphertext from personal_values")
        return {token: (nonce, text) for token, nonce, text in rows}


def readable(settings: Settings) -> bool:
    values = Vault(settings).reveal_all(f"t{n:03}" for n in range(MANY))
    return values == {f"t{n:03}": f"v{n}" for n in range(MANY)}


def vault_key(settings: Settings) -> str:
    return (settings.vault / "vault.key").read_text()


def test_a_rotation_gives_every_value_another_key_and_changes_none(filled: Settings) -> None:
    key, pseudonym, before = vault_key(filled), filled.key_file.read_text(), sealed(filled)
    assert rotate_vault_key(filled) == MANY
    assert readable(filled)
    assert vault_key(filled) != key
    assert filled.key_file.read_text() == pseudonym
    after = sealed(filled)
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())
    assert {mode(path) for path in filled.vault.iterdir()} == {0o600}


def test_the_old_key_opens_nothing_and_no_old_value_is_left_in_the_file(filled: Settings) -> None:
    key, before = vault_key(filled), sealed(filled)
    rotate_vault_key(filled)
    content = (filled.vault / "vault.sqlite").read_bytes()
    assert not [text for _, text in before.values() if text in content]
    (filled.vault / "vault.key").write_text(key)
    with pytest.raises(LoyaltyError) as caught:
        Vault(filled).reveal("t001")
    assert caught.value.code == "VAULT_CORRUPT"


def test_a_rotation_is_written_down(filled: Settings) -> None:
    rotate_vault_key(filled)
    (path,) = audit_files(filled)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["kind"], line["outcome"]) for line in lines] == [
        ("rotate", "begun"),
        ("rotate", "done"),
    ]
    assert lines[1]["values"] == MANY
    assert vault_key(filled).strip() not in path.read_text()


def test_who_opened_the_vault_before_a_rotation_goes_on_with_the_new_key(filled: Settings) -> None:
    opened = Vault(filled)
    rotate_vault_key(filled)
    assert opened.reveal("t001") == "v1"
    opened.remember("name", pairs(("new", "Ann")))
    assert Vault(filled).reveal("new") == "Ann"


def test_a_rotation_stops_at_a_value_that_was_changed_and_changes_nothing(filled: Settings) -> None:
    with sqlite3.connect(filled.vault / "vault.sqlite") as connection:
        connection.execute("update personal_values set nonce = zeroblob(12) where token = 't399'")
    key, before = vault_key(filled), sealed(filled)
    with pytest.raises(LoyaltyError) as caught:
        rotate_vault_key(filled)
    assert caught.value.code == "VAULT_CORRUPT"
    assert (vault_key(filled), sealed(filled)) == (key, before)
    assert Vault(filled).reveal("t001") == "v1"
    assert not (filled.vault / "vault.key.new").exists()


def test_there_is_nothing_to_rotate_before_the_first_value(settings: Settings) -> None:
    with pytest.raises(LoyaltyError) as caught:
        rotate_vault_key(settings)
    assert caught.value.code == "NO_VAULT"
    assert not settings.vault.exists()


POINTS_OF_ROTATION = [point for point in POINTS if point.startswith("rotate.")]


@pytest.mark.parametrize("point", POINTS_OF_ROTATION)
@pytest.mark.parametrize("then", ["read", "rotate", "back up"])
def test_a_rotation_killed_at_any_point_leaves_a_whole_vault(
    filled: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str, then: str
) -> None:
    key = vault_key(filled)
    monkeypatch.setenv("FAULT_AT", point)
    assert killed_at_write(1000, filled, ROTATE)
    monkeypatch.delenv("FAULT_AT")
    if then == "rotate":
        rotate_vault_key(filled)
    if then == "back up":
        back_up(filled, tmp_path / "backup", tmp_path / "safe", print)
        kept = newest(tmp_path / "safe")
        assert kept is not None
        for name in ("vault.key", "vault.sqlite"):
            (filled.vault / name).unlink()
            shutil.copy(kept.folder / name, filled.vault / name)
            (filled.vault / name).chmod(0o600)
    assert readable(filled)
    assert {path.name for path in filled.vault.iterdir()} == {
        "pseudonym.key",
        "vault.key",
        "vault.sqlite",
    }
    changed = point in ("rotate.committed", "rotate.named") or then == "rotate"
    assert (vault_key(filled) != key) is changed


def test_a_rotation_killed_at_random_leaves_a_whole_vault(filled: Settings) -> None:
    """In the middle of SQLite's own writing too: by time, in a vault that takes a while."""
    many = pl.DataFrame({"n": range(20_000)}).select(
        token=pl.format("u{}", "n"), value=pl.format("w{}", "n")
    )
    Vault(filled).remember("phone", many)
    random, killed = Random(6), 0
    for _ in range(6):
        code = f"from pathlib import Path; from etl.config import load_settings\n{ROTATE}".replace(
            "(settings)", f"(load_settings(data=Path({str(filled.data)!r})))"
        )
        process = subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT_ROOT)
        wait_for_lines(filled)
        time.sleep(random.uniform(0, 0.4))
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        assert readable(filled)
        assert len(Vault(filled).reveal_all(many["token"].gather_every(40))) == 500
    assert killed >= 2
    rotate_vault_key(filled)
    assert readable(filled)


def wait_for_lines(settings: Settings) -> None:
    """Wait until one more rotation has said in the log that it begins."""
    seen = len(begun(settings))
    deadline = time.monotonic() + 60
    while len(begun(settings)) == seen and time.monotonic() < deadline:
        time.sleep(0.005)


def begun(settings: Settings) -> list[bytes]:
    lines = [line for path in audit_files(settings) for line in path.read_bytes().splitlines()]
    return [line for line in lines if b'"begun"' in line]


def test_the_command_rotates(filled: Settings) -> None:
    key = vault_key(filled)
    done = CliRunner().invoke(app, ["vault", "rotate", "--data", str(filled.data), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"values": MANY}
    assert vault_key(filled) != key


def test_a_vault_that_somebody_opened_is_closed_again(settings: Settings) -> None:
    Vault(settings)
    settings.vault.chmod(0o755)
    Vault(settings)
    assert mode(settings.vault) == 0o700


def test_what_the_vault_forgets_is_not_left_in_its_file(filled: Settings) -> None:
    before = sealed(filled)
    kept = pl.Series([f"t{n:03}" for n in range(0, MANY, 2)])
    assert Vault(filled).keep_only(kept) == MANY // 2
    content = (filled.vault / "vault.sqlite").read_bytes()
    left = {token for token, (_, text) in before.items() if text in content}
    assert left == set(kept)
