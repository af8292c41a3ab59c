"""Secret keys, and the one file that holds clear personal values: token -> encrypted value.

The pseudonym key decides every token, so it is permanent: a new one would make a stranger of every
customer. The vault's own key only protects the file and can be changed by encrypting it again.
Both are kept outside the repository, mode 0600.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from etl.config import Settings
from etl.errors import ConfigError, LoyaltyError
from etl.files import make_folder, sqlite_errors

KEY_BYTES = 32
SECRET_FILE_MODE, SECRET_FOLDER_MODE = 0o600, 0o700
_NONCE_BYTES = 12
_BUSY_TIMEOUT_SECONDS = 30
_ROWS_A_TIME = 50_000
_SCHEMA = """
create table if not exists personal_values (
    token text primary key,
    kind text not null,
    nonce blob not null,
    ciphertext blob not null
) without rowid
"""


def load_or_create_key(settings: Settings) -> bytes:
    """Return the pseudonym key; make one only for a lake that is still empty.

    Raises:
        ConfigError: KEY_MISSING: there is data, but the key that made its tokens is gone.
            KEY_UNSAFE: others may read it. KEY_INVALID: it is not 64 hex digits.
    """
    commits = settings.raw / "_commits"
    return _key(
        settings.key_file,
        in_use=any(commits.glob("*.json")) or _vault_path(settings).exists(),
        lost="Without it no new record can be matched with what the lake holds.",
    )


def load_or_create_vault_key(settings: Settings) -> bytes:
    """Return the key that encrypts the vault; make one only where there is no vault yet.

    Raises:
        ConfigError: As :func:`load_or_create_key`.
    """
    return _key(
        settings.vault / "vault.key",
        in_use=_vault_path(settings).exists(),
        lost="Without it the values in the vault cannot be read.",
    )


def _key(path: Path, *, in_use: bool, lost: str) -> bytes:
    if not path.exists():
        if in_use:
            raise ConfigError(
                f"The key file is missing. {lost}",
                where=str(path),
                todo="Restore it from the backup, or set LOYALTY_KEY_FILE. "
                "Only an empty data root gets a new key.",
                code="KEY_MISSING",
            )
        _create_key(path)
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        what = f"Others may read the key file (mode {mode:o})."
        todo = f"chmod 600 {path}"
        raise ConfigError(what, where=str(path), todo=todo, code="KEY_UNSAFE")
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if not re.fullmatch(f"[0-9a-f]{{{2 * KEY_BYTES}}}", text):
        what = f"The key file does not hold {2 * KEY_BYTES} hex digits."
        todo = "Restore it from the backup."
        raise ConfigError(what, where=str(path), todo=todo, code="KEY_INVALID")
    return bytes.fromhex(text)


def _create_key(path: Path) -> None:
    """Write a new key; of several processes at once, the first one's key is everybody's."""
    _secret_folder(path.parent)
    descriptor, name = tempfile.mkstemp(prefix=".tmp-", suffix=".part", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(temporary)  # unlike a rename, it never replaces
    finally:
        temporary.unlink()


def _secret_folder(path: Path) -> None:
    make_folder(path.parent)  # only the folder itself is closed to the group
    make_folder(path, SECRET_FOLDER_MODE)


def _vault_path(settings: Settings) -> Path:
    return settings.vault / "vault.sqlite"


class Vault:
    """Clear values behind the tokens; for erasure and for export match keys, nothing else.

    Args:
        settings: The vault lies in ``settings.vault``, mode 0700, beside its key.

    Raises:
        ConfigError: As :func:`load_or_create_key`, for the vault's own key.
    """

    def __init__(self, settings: Settings) -> None:
        self._path = _vault_path(settings)
        _secret_folder(settings.vault)
        settings.vault.chmod(SECRET_FOLDER_MODE)
        self._cipher = AESGCM(load_or_create_vault_key(settings))
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

        Raises:
            LoyaltyError: VAULT_CORRUPT: a stored value was changed, or is another token's.
        """
        query = "select nonce, ciphertext from personal_values where token = ?"
        with self._open() as connection:
            rows = {token: connection.execute(query, (token,)).fetchone() for token in tokens}
        return {token: self._decrypted(token, *row) for token, row in rows.items() if row}

    def _add(self, connection: sqlite3.Connection, kind: str, pairs: pl.DataFrame) -> int:
        tokens = pairs.select("token").rows()
        connection.execute("create temp table if not exists offered (token text primary key)")
        connection.execute("delete from offered")
        connection.executemany("insert into offered values (?)", tokens)
        known = connection.execute("select token from offered join personal_values using (token)")
        fresh = pairs.filter(~pl.col("token").is_in([token for (token,) in known]))
        rows = [(token, kind, *self._encrypted(token, value)) for token, value in fresh.rows()]
        connection.executemany("insert into personal_values values (?, ?, ?, ?)", rows)
        return len(rows)

    def _encrypted(self, token: str, value: str) -> tuple[bytes, bytes]:
        """Encrypt a value and bind it to its token, so that two cannot be exchanged."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce, self._cipher.encrypt(nonce, value.encode(), token.encode())

    def _decrypted(self, token: str, nonce: bytes, ciphertext: bytes) -> str:
        try:
            return self._cipher.decrypt(nonce, ciphertext, token.encode()).decode()
        except InvalidTag:
            raise LoyaltyError(
                "A value in the vault was changed or belongs to another key.",
                where=str(self._path),
                todo="Restore vault and vault key together from the backup.",
                code="VAULT_CORRUPT",
            ) from None

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in one transaction that writers wait for.

        Raises:
            Busy: Another process held the vault for too long.
        """
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None
        )
        with sqlite_errors(self._path), contextlib.closing(connection):
            connection.execute("pragma secure_delete = on")
            connection.execute("pragma temp_store = memory")
            connection.execute("begin immediate")
            connection.execute(_SCHEMA)
            yield connection
            connection.execute("commit")  # without it, closing rolls back
