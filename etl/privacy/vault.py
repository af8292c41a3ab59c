"""Secret keys, and the one file that holds clear personal values: token -> encrypted value.

The pseudonym key decides every token, so it is permanent: a new one would make a stranger of every
customer. The vault's own key only protects the file and can be changed by encrypting it again
(:meth:`Vault.rotate`). Both are kept outside the repository, mode 0600.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import polars as pl
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from etl.config import Settings
from etl.errors import LakeCorrupt, LoyaltyError
from etl.faults import reach
from etl.files import fsync_folder, sqlite_errors
from etl.privacy.keys import (
    SECRET_FILE_MODE,
    SECRET_FOLDER_MODE,
    create_key,
    key_in,
    read_key,
    refuse_changed_key,
    secret_folder,
)

KEY_FILE, NEW_KEY_FILE = "vault.key", "vault.key.new"
_NONCE_BYTES = 12
_BUSY_TIMEOUT_SECONDS = 30
_ROWS_A_TIME = 10_000
_VAULT_LOST = "Without it the values in the vault cannot be read."
_SCHEMA = (
    """
    create table if not exists personal_values (
        token text primary key,
        kind text not null,
        nonce blob not null,
        ciphertext blob not null
    ) without rowid
    """,
    # Which key the values are encrypted with.
    "create table if not exists vault_key (key_id text not null)",
)


def load_or_create_key(settings: Settings) -> bytes:
    """Return the pseudonym key; make one only for a lake that is still empty.

    Raises:
        ConfigError: KEY_MISSING: there is data, but the key that made its tokens is gone.
            KEY_UNSAFE: others may read it. KEY_INVALID: it is not 64 hex digits. KEY_CHANGED: it
            is not the key that made the lake's tokens.
    """
    commits = settings.raw / "_commits"
    key = key_in(
        settings.key_file,
        in_use=any(commits.glob("*.json")) or vault_path(settings).exists(),
        lost="Without it no new record can be matched with what the lake holds.",
    )
    refuse_changed_key(settings)
    return key


def load_or_create_vault_key(settings: Settings) -> bytes:
    """Return the key that encrypts the vault; make one only where there is no vault yet.

    Raises:
        ConfigError: As :func:`load_or_create_key`.
    """
    return key_in(
        settings.vault / KEY_FILE,
        in_use=vault_path(settings).exists(),
        lost=_VAULT_LOST,
    )


def vault_path(settings: Settings) -> Path:
    """Return the vault's file."""
    return settings.vault / "vault.sqlite"


class Vault:
    """Clear values behind the tokens; for erasure and for export match keys, nothing else.

    Args:
        settings: The vault lies in ``settings.vault``, mode 0700, beside its key.

    Raises:
        ConfigError: As :func:`load_or_create_key`, for the vault's own key.
    """

    def __init__(self, settings: Settings) -> None:
        self._path = vault_path(settings)
        secret_folder(settings.vault)
        settings.vault.chmod(SECRET_FOLDER_MODE)
        load_or_create_vault_key(settings)
        # SQLite would create the file readable for all; its journals take the mode from it.
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, SECRET_FILE_MODE))

    def remember(self, kind: str, pairs: pl.DataFrame) -> int:
        """Store the values of tokens that are not known yet.

        Args:
            kind: email, phone, name or birth_on.
            pairs: ``token`` and ``value`` (clear text); one row per token.

        Returns:
            Number of values added.
        """
        added = 0
        with self._open() as connection:
            for part in pairs.select("token", "value").iter_slices(_ROWS_A_TIME):
                added += self._add(connection, kind, part)
        return added

    def reveal(self, token: str) -> str | None:
        """Return the clear value of a token, or None if the vault does not know it.

        Raises:
            LoyaltyError: VAULT_CORRUPT: the stored value was changed, or is another token's.
        """
        return self.reveal_all([token]).get(token)

    def reveal_all(self, tokens: Iterable[str]) -> dict[str, str]:
        """Return the clear values of those tokens that the vault knows.

        A token that is not there may be one of which a byte flipped, so the vault is verified
        before that is believed.

        Raises:
            LoyaltyError: VAULT_CORRUPT: a stored value was changed, or is another token's.
        """
        query = "select nonce, ciphertext from personal_values where token = ?"
        with self._open() as connection:
            rows = {token: connection.execute(query, (token,)).fetchone() for token in tokens}
            known = {token: self._decrypted(token, *row) for token, row in rows.items() if row}
        if len(known) < len(rows):
            self.verify()
        return known

    def rotate(self) -> int:
        """Encrypt every value with a new key, which takes the old one's place.

        Values and the id of their key change in one commit. Killed before it, the vault is as it
        was; killed after it, whoever opens the vault next gives the new key its name.

        Returns:
            How many values there are.

        Raises:
            Busy: Another process held the vault for too long.
            LoyaltyError: VAULT_CORRUPT: a value cannot be read; nothing was changed.
        """
        with self._open() as connection:
            new = self._path.with_name(NEW_KEY_FILE)
            create_key(new)
            reach("rotate.prepared")
            key = read_key(new)
            count = self._encrypt_again(connection, AESGCM(key))
            connection.execute("delete from vault_key")
            connection.execute("insert into vault_key values (?)", (_id_of(key),))
            reach("rotate.encrypted")
        reach("rotate.committed")
        self.settle()
        return count

    def settle(self) -> None:
        """Finish or undo what a killed rotation left; opening the vault is all it takes."""
        with self._open():
            reach("rotate.named")

    def verify(self) -> int:
        """Decrypt every value; return how many there are.

        Raises:
            LoyaltyError: VAULT_CORRUPT: a byte of the vault changed.
        """
        with self._open() as connection:
            if connection.execute("pragma integrity_check").fetchone() != ("ok",):
                raise _corrupt(self._path)
            rows = connection.execute("select token, nonce, ciphertext from personal_values")
            return sum(self._decrypted(*row) is not None for row in rows)

    def values_of(self, kind: str) -> Iterator[tuple[str, str]]:
        """Yield token and clear value of all values of a kind.

        Raises:
            LoyaltyError: VAULT_CORRUPT: a stored value was changed, or is another token's.
        """
        query = "select token, nonce, ciphertext from personal_values where kind = ?"
        with self._open() as connection:
            rows = connection.execute(query, (kind,)).fetchall()
            values = [(token, self._decrypted(token, *row)) for token, *row in rows]
        yield from values

    def keep_only(self, tokens: pl.Series) -> int:
        """Forget the values of all other tokens; return how many went.

        SQLite overwrites what is deleted (``secure_delete``).
        """
        needed = tokens.to_frame().unique().rows()
        gone = "delete from personal_values where token not in (select token from needed)"
        with self._open() as connection:
            connection.execute("create temp table needed (token text primary key)")
            connection.executemany("insert into needed values (?)", needed)
            return connection.execute(gone).rowcount

    def _add(self, connection: sqlite3.Connection, kind: str, pairs: pl.DataFrame) -> int:
        query = "select token from personal_values where token in (select value from json_each(?))"
        known = connection.execute(query, (json.dumps(pairs["token"].to_list()),))
        fresh = pairs.filter(~pl.col("token").is_in([token for (token,) in known]))
        tokens, values = fresh["token"].to_list(), fresh["value"].to_list()
        sealed = _encrypted(self._cipher, tokens, values)
        rows = ((token, kind, *box) for token, box in zip(tokens, sealed, strict=True))
        connection.executemany("insert into personal_values values (?, ?, ?, ?)", rows)
        return fresh.height

    def _encrypt_again(self, connection: sqlite3.Connection, cipher: AESGCM) -> int:
        query = (
            "select token, nonce, ciphertext from personal_values where token > ?"
            " order by token limit ?"
        )
        change = "update personal_values set nonce = ?, ciphertext = ? where token = ?"
        last, count = "", 0
        while rows := connection.execute(query, (last, _ROWS_A_TIME)).fetchall():
            values = [(token, self._decrypted(token, *sealed)) for token, *sealed in rows]
            tokens = [token for token, _ in values]
            sealed = _encrypted(cipher, tokens, [value for _, value in values])
            changes = ((*box, token) for token, box in zip(tokens, sealed, strict=True))
            connection.executemany(change, changes)
            last, count = rows[-1][0], count + len(rows)
        return count

    def _decrypted(self, token: str, nonce: bytes, ciphertext: bytes) -> str:
        try:
            return self._cipher.decrypt(nonce, ciphertext, token.encode()).decode()
        except (InvalidTag, AttributeError, TypeError, ValueError):  # not even of its type
            raise _corrupt(self._path) from None

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in one transaction that writers wait for.

        Raises:
            Busy: Another process held the vault for too long.
            LoyaltyError: VAULT_CORRUPT: SQLite cannot read it.
        """
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None
        )
        with self._damage_named(), contextlib.closing(connection):
            connection.execute("pragma secure_delete = on")
            connection.execute("pragma temp_store = memory")
            connection.execute("begin immediate")
            if self._path.with_name(f"{self._path.name}-journal").exists():
                connection.execute("pragma user_version = 1")  # a killed writer's goes with a write
            for statement in _SCHEMA:
                connection.execute(statement)
            self._cipher = AESGCM(self._key_of(connection))
            yield connection
            connection.execute("commit")  # without it, closing rolls back

    def _key_of(self, connection: sqlite3.Connection) -> bytes:
        """Return the key that the values are encrypted with, under its name.

        Only who holds the vault comes here, so a new key beside it is of a rotation that was
        killed: the vault itself says whether it counts.
        """
        (wanted,) = connection.execute("select max(key_id) from vault_key").fetchone()
        path, new = self._path.with_name(KEY_FILE), self._path.with_name(NEW_KEY_FILE)
        if new.exists():
            if _id_of(read_key(new)) == wanted:
                new.replace(path)
            else:
                new.unlink()
            fsync_folder(path.parent)
        key = key_in(path, in_use=True, lost=_VAULT_LOST)
        if wanted is None:
            connection.execute("insert into vault_key values (?)", (_id_of(key),))
        elif wanted != _id_of(key):
            raise _corrupt(self._path)
        return key

    @contextlib.contextmanager
    def _damage_named(self) -> Iterator[None]:
        try:
            with sqlite_errors(self._path):
                yield
        except (LakeCorrupt, sqlite3.OperationalError, UnicodeDecodeError):
            raise _corrupt(self._path) from None


def _encrypted(
    cipher: AESGCM, tokens: list[str], values: list[str]
) -> Iterator[tuple[bytes, bytes]]:
    """Yield nonce and ciphertext of each value, bound to its token: no two can be exchanged."""
    nonces = os.urandom(_NONCE_BYTES * len(tokens))
    for nth, (token, value) in enumerate(zip(tokens, values, strict=True)):
        nonce = nonces[nth * _NONCE_BYTES : (nth + 1) * _NONCE_BYTES]
        yield nonce, cipher.encrypt(nonce, value.encode(), token.encode())


def _id_of(key: bytes) -> str:
    """Return what tells one vault key from another and says nothing about it."""
    return sha256(b"vault key id:" + key).hexdigest()[:16]


def _corrupt(path: Path) -> LoyaltyError:
    return LoyaltyError(
        "A value in the vault was changed or belongs to another key.",
        where=str(path),
        todo="Restore vault and vault key together from the backup.",
        code="VAULT_CORRUPT",
    )
