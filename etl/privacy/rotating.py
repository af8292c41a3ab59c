"""Gives the vault a new key, and writes down who did."""

from __future__ import annotations

from etl.config import Settings
from etl.errors import LoyaltyError
from etl.locks import keep_lock
from etl.privacy import audit
from etl.privacy.vault import Vault, vault_path
from etl.space import require_space


def rotate_vault_key(settings: Settings) -> int:
    """Encrypt the vault with a new key; run again after a kill, it makes another one.

    Landing and revealing go on; a backup waits, so that it never takes one key's file and the
    other's values.

    Returns:
        How many values the vault holds.

    Raises:
        Busy: A backup or a landing held the vault for too long.
        LoyaltyError: NO_VAULT: nothing was ever put into one. VAULT_CORRUPT: a value cannot be
            read; nothing was changed.
    """
    path = vault_path(settings)
    if not path.exists():
        raise LoyaltyError(
            "There is no vault yet.",
            where=str(path),
            todo="Land exports with personal data first.",
            code="NO_VAULT",
        )
    with keep_lock(settings):
        # SQLite keeps what it changes beside the file until the commit.
        require_space(settings.vault, 2 * path.stat().st_size, "The rotation of the vault's key")
        audit.append(settings, "rotate", outcome="begun")
        count = Vault(settings).rotate()
        audit.append(settings, "rotate", outcome="done", values=count)
    return count
