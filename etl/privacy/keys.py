"""Key files: 64 hex digits, mode 0600, in a folder that only its owner can open."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import tempfile
from pathlib import Path

from etl.config import Settings
from etl.errors import ConfigError
from etl.files import fsync_folder, make_folder, read_document, write_document

KEY_BYTES = 32
SECRET_FILE_MODE, SECRET_FOLDER_MODE = 0o600, 0o700


def key_in(path: Path, *, in_use: bool, lost: str) -> bytes:
    """Return the key in a file; make one where there is none and none was used.

    Args:
        in_use: Something was made with the key already.
        lost: What cannot be done without it, a sentence.

    Raises:
        ConfigError: KEY_MISSING, KEY_UNSAFE or KEY_INVALID.
    """
    if not path.exists():
        if in_use:
            raise ConfigError(
                f"The key file is missing. {lost}",
                where=str(path),
                todo="Restore it from the backup, or set LOYALTY_KEY_FILE. "
                "Only an empty data root gets a new key.",
                code="KEY_MISSING",
            )
        create_key(path)
    return read_key(path)


def read_key(path: Path) -> bytes:
    """Return the key in a file that is there.

    Raises:
        ConfigError: KEY_UNSAFE: others may read it. KEY_INVALID: it is not 64 hex digits.
    """
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


def key_id(path: Path) -> str | None:
    """Return what tells one key from another and says nothing about it; None without a file."""
    if not path.exists():
        return None
    return hashlib.sha256(b"key id:" + path.read_bytes().strip()).hexdigest()[:16]


def refuse_changed_key(settings: Settings) -> None:
    """Remember the lake's key by its id: one flipped bit would make a stranger of every customer.

    Raises:
        ConfigError: KEY_CHANGED: the key file holds another key than the lake's.
    """
    known, found = settings.raw / "_key.json", key_id(settings.key_file)
    if not any((settings.raw / "_commits").glob("*.json")):
        return  # no token was made with it that anything could be matched with
    if not known.exists():
        write_document(known, {"key_id": found})
    elif read_document(known, "key_id")["key_id"] != found:
        raise ConfigError(
            "The key file holds another key than the one that made this lake's tokens.",
            where=str(settings.key_file),
            todo="Restore it from the backup, or set LOYALTY_KEY_FILE.",
            code="KEY_CHANGED",
        )


def create_key(path: Path) -> None:
    """Write a new key; of several processes at once, the first one's key is everybody's."""
    secret_folder(path.parent)
    descriptor, name = tempfile.mkstemp(prefix=".tmp-", suffix=".part", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(temporary)  # unlike a rename, it never replaces
        fsync_folder(path.parent)
    finally:
        temporary.unlink()


def secret_folder(path: Path) -> None:
    """Make a folder that only its owner can open."""
    make_folder(path.parent)  # only the folder itself is closed to the group
    make_folder(path, SECRET_FOLDER_MODE)
