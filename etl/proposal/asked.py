"""What the user says about a file, and whether a mapping can say it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from etl.errors import UsageError

ENCODINGS = ("utf-8", "utf-16", "gb18030", "latin-1")


@dataclass(frozen=True)
class Asked:
    """What the user says about a file that its header cannot say.

    Args:
        system: Name of the source system; becomes ``source_system``.
        tables: Contract tables it feeds; none to find out.
        business_unit: Shop or brand of all orders.
        currency: ISO 4217 code of all amounts where no column tells it.
        time_zone: IANA zone of the business day.
        encoding: Encoding of the file; empty for UTF-8.
        delimiter: Character between fields; empty to find out.
    """

    system: str
    tables: tuple[str, ...] = ()
    business_unit: str = ""
    currency: str = ""
    time_zone: str = ""
    encoding: str = ""
    delimiter: str = ""


def refuse_unusable(asked: Asked) -> None:
    """Refuse what would make a mapping that is refused in its turn.

    Raises:
        UsageError: Names the option.
    """
    rules = (
        ("--system", asked.system, re.fullmatch("[a-z][a-z0-9_]*", asked.system), "like my_shop"),
        ("--currency", asked.currency, re.fullmatch("[A-Z]{3}", asked.currency), "like EUR"),
        ("--time-zone", asked.time_zone, _is_zone(asked.time_zone), "like Europe/Berlin"),
        ("--encoding", asked.encoding, asked.encoding in ENCODINGS, ", ".join(ENCODINGS)),
        (
            "--delimiter",
            asked.delimiter,
            re.fullmatch('[^"\r\n]', asked.delimiter),
            "one character",
        ),
    )
    for option, value, fits, expected in rules:
        if not fits and (value or option == "--system"):
            todo = f"Expected: {expected}."
            raise UsageError(f"{value!r} cannot be used in a mapping.", where=option, todo=todo)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
