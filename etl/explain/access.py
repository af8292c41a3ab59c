"""Who looked at whom: one line for each explanation, written before it is shown."""

from __future__ import annotations

import json
import os
import pwd
from datetime import datetime
from pathlib import Path

from etl.clock import utc_now
from etl.config import Settings
from etl.files import FILE_MODE, make_folder


def access_log(settings: Settings, at: datetime) -> Path:
    """Return where the lines of an instant's month are kept; old months go as whole files."""
    return settings.access / f"explain-{at:%Y-%m}.jsonl"


def record_access(
    settings: Settings, *, run_id: str, variant: str, customer_key: str | None, outcome: str
) -> None:
    """Append a line and make it durable; what cannot be recorded is not shown.

    Args:
        run_id: Release that was read; empty without one.
        variant: staff or customer.
        customer_key: Whom it was about; None where nobody was found. What was asked for is not
            kept: it may be anything.
        outcome: shown, or the code of the error.

    Raises:
        OSError: The log cannot be written.
    """
    now = utc_now()
    line = {
        "at": now.isoformat(),
        "who": _os_user(),
        "customer_key": customer_key,
        "variant": variant,
        "outcome": outcome,
        "run_id": run_id,
    }
    path = access_log(settings, now)
    make_folder(path.parent)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, FILE_MODE)
    try:
        os.write(descriptor, (json.dumps(line) + "\n").encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _os_user() -> str:
    """Return the name of the process's user, which no variable can change; its number without."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
