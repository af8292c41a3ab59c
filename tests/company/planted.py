"""Rows that the warehouse must refuse, and why; all lie in the large files of the history.

They stay under the share of bad rows and of bad money that would hold the publishing, also when
a file is split in two.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.company.rows import Row


@dataclass(frozen=True)
class Refused:
    """How many rows of a table a reason must account for."""

    system: str
    export: str
    table: str
    column: str
    reason: str
    rows: int


# (system, export) -> columns that differ from the file's last good row. The rows of one tuple
# come in this order, after all good rows.
BAD_ROWS: dict[tuple[str, str], tuple[Row, ...]] = {
    ("north_shop", "orders_export"): (
        {"Id": "N-B-001", "Customer": "N-0001", "Total": "12.50", "Subtotal": "12.50"},
        {"Id": "N-B-001", "Line price": "12,50"},
    ),
    ("north_shop", "payments"): (
        {"Payment": "", "Amount": "1.00"},
        {"Payment": "N-B-002-P1", "Amount": "1.00", "At": "2027-01-01 12:00:00 -0500"},
    ),
    ("south_shop", "sales"): ({"Nr": "S-B-001", "Betrag": "1.250,00 $"},),
    ("help_desk", "consents"): ({"Consent": "K-B-001", "State": "maybe"},),
}
REFUSED = (
    Refused("help_desk", "consents", "crm_consent_events", "state", "UNKNOWN_CODE", 1),
    Refused("north_shop", "orders_export", "order_lines", "", "SIBLING_REJECTED", 1),
    Refused("north_shop", "orders_export", "order_lines", "unit_price", "NOT_A_NUMBER", 1),
    Refused("north_shop", "orders_export", "orders", "", "SIBLING_REJECTED", 1),
    Refused("north_shop", "payments", "payments", "payment_id", "REQUIRED_MISSING", 1),
    Refused("north_shop", "payments", "payments", "processed_at", "FUTURE_DATE", 1),
    Refused("south_shop", "sales", "order_lines", "", "SIBLING_REJECTED", 1),
    Refused("south_shop", "sales", "orders", "total", "NOT_A_NUMBER", 1),
)


def with_bad_rows(system: str, export: str, rows: list[Row]) -> list[Row]:
    """Return the rows of a history file with the planted ones at its end."""
    planted = BAD_ROWS.get((system, export), ())
    return [*rows, *({**rows[-1], **changes} for changes in planted)]
