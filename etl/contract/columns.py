"""Column kinds of the contract. A kind fixes type, parsing and what may be tokenised.

========  =======================  ====================================================
kind      Polars type              text that is accepted
========  =======================  ====================================================
text      String                   anything; ids and codes stay text, ``00123`` stays
money     Decimal(18, 4)           ``-?[0-9]+(.[0-9]{1,4})?``
quantity  Decimal(18, 6)           the same with up to 6 decimals
score     Decimal(9, 4)            the same with up to 4 decimals
points    Decimal(18, 2)           the same with up to 2 decimals
fx        Decimal(24, 12)          the same with up to 12 decimals
integer   Int64                    ``-?[0-9]+``
flag      Boolean                  true/false, t/f, yes/no, y/n, 1/0, any case
day       Date                     ISO ``YYYY-MM-DD``, or the mapping's ``parse``
instant   Datetime(us, UTC)        ISO 8601 with offset, or the mapping's ``parse``/time zone
========  =======================  ====================================================

Every instant ``x_at`` has a sibling ``x_on``: its business date in the mapping's time zone.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import dataframely as dy

Kind = Literal[
    "text", "money", "quantity", "score", "points", "fx", "integer", "flag", "day", "instant"
]
Pii = Literal["email", "phone", "name", "birth_on"]


def text(
    *,
    required: bool = False,
    key: bool = False,
    pii: Pii | None = None,
    one_of: tuple[str, ...] = (),
    regex: str | None = None,
    about: str,
) -> dy.String:
    """Declare a text column; ``key`` marks a part of the table's key, ``pii`` tokenises it."""
    if one_of:
        regex = f"^(?:{'|'.join(one_of)})$"
    return dy.String(
        nullable=not (required or key),
        min_length=1,
        regex=regex,
        description=about,
        metadata={"kind": "text", "key": key, "pii": pii, "one_of": one_of},
    )


def _decimal(kind: Kind, precision: int, scale: int, **kw: object) -> dy.Decimal:
    about = str(kw["about"])
    minimum = kw.get("minimum")
    return dy.Decimal(
        precision,
        scale,
        nullable=not kw.get("required", False),
        min=Decimal(str(minimum)) if minimum is not None else None,
        description=about,
        metadata={"kind": kind, "key": False, "pii": None},
    )


def money(*, required: bool = False, minimum: int | None = None, about: str) -> dy.Decimal:
    """Declare an amount of money, DECIMAL(18,4), beside a ``currency`` column."""
    return _decimal("money", 18, 4, required=required, minimum=minimum, about=about)


def quantity(*, required: bool = False, minimum: int | None = None, about: str) -> dy.Decimal:
    """Declare a quantity, DECIMAL(18,6): weights and volumes are no integers."""
    return _decimal("quantity", 18, 6, required=required, minimum=minimum, about=about)


def score(*, required: bool = False, about: str) -> dy.Decimal:
    """Declare a survey score or a bound of its scale, DECIMAL(9,4)."""
    return _decimal("score", 9, 4, required=required, about=about)


def points(*, required: bool = False, about: str) -> dy.Decimal:
    """Declare an amount of loyalty points, DECIMAL(18,2)."""
    return _decimal("points", 18, 2, required=required, about=about)


def fx(*, required: bool = False, about: str) -> dy.Decimal:
    """Declare a rate of exchange, DECIMAL(24,12): reporting = amount x rate."""
    return _decimal("fx", 24, 12, required=required, minimum=0, about=about)


def integer(
    *, required: bool = False, key: bool = False, minimum: int | None = None, about: str
) -> dy.Int64:
    """Declare a whole number."""
    return dy.Int64(
        nullable=not (required or key),
        min=minimum,
        description=about,
        metadata={"kind": "integer", "key": key, "pii": None},
    )


def flag(*, required: bool = False, about: str) -> dy.Bool:
    """Declare a yes/no column."""
    return dy.Bool(
        nullable=not required,
        description=about,
        metadata={"kind": "flag", "key": False, "pii": None},
    )


def day(
    *, required: bool = False, key: bool = False, pii: Pii | None = None, about: str
) -> dy.Date:
    """Declare a calendar day, named ``*_on``, ``valid_from`` or the like."""
    return dy.Date(
        nullable=not (required or key),
        description=about,
        metadata={"kind": "day", "key": key, "pii": pii},
    )


def instant(*, required: bool = False, about: str) -> dy.Datetime:
    """Declare a UTC instant, named ``*_at``; its ``*_on`` sibling is derived from it."""
    return dy.Datetime(
        nullable=not required,
        time_unit="us",
        time_zone="UTC",
        description=about,
        metadata={"kind": "instant", "key": False, "pii": None},
    )


def currency(*, required: bool = False) -> dy.String:
    """Declare an ISO 4217 code, three capital letters."""
    return text(required=required, regex="^[A-Z]{3}$", about="ISO 4217 currency code.")
