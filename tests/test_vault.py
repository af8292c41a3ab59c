"""Keys that are never replaced, and a vault that only its own key can read."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from etl.config import Settings, load_settings
from etl.errors import Busy, ConfigError, LoyaltyError
from etl.privacy import vault as module
from etl.privacy.vault import Vault, load_or_create_key


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
