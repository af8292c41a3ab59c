"""What a table of the contract is: a row schema and the columns every row gets on the way in."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from decimal import Decimal

import dataframely as dy
import polars as pl

# Raise when a row that was accepted yesterday would be read differently today.
CONTRACT_VERSION = "3"

UTC_INSTANT = pl.Datetime("us", "UTC")

# Added to every row. ``extra_json`` holds kept unmapped columns, null when there are none.
ENVELOPE: dict[str, pl.DataType] = {
    "source_system": pl.String(),
    "source_file": pl.String(),
    "source_row": pl.Int64(),
    "batch_id": pl.String(),
    "extracted_at": UTC_INSTANT,
    "loaded_at": UTC_INSTANT,
    "known_on": pl.Date(),
    "source_sequence": pl.Int64(),
    "record_hash": pl.String(),
    "document_hash": pl.String(),
    "is_deleted": pl.Boolean(),
    "extra_json": pl.String(),
}
# The one envelope column that an export may fill; false where it does not.
DELETED = "is_deleted"
# Differ between two deliveries of the same fact; no rule may use them.
VOLATILE = ("source_file", "source_row", "batch_id", "extracted_at", "loaded_at")
# How the names of columns end that name a thing: an order, a customer, a product.
_IDENTIFIERS = ("_id", "_ref", "_no", "sku", "item_code")


@dataclass(frozen=True)
class Table:
    """One table of the contract.

    Args:
        name: Canonical name, also its folder in the lake.
        schema: Row rules; the column order is the lake's column order.
        document: Column that names the document a row is part of (an order for its lines):
            the winning version of a document replaces the earlier one as a set. Empty for rows
            that stand alone.
        lines: Table of the documents that its rows head (the lines of an order), or empty.
        amount: Money column that is summed per delivery for reconciliation; may be empty.
    """

    name: str
    schema: type[dy.Schema]
    document: str = ""
    lines: str = ""
    amount: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that identify a row within its ``source_system``."""
        return tuple(name for name, meta in _metas(self.schema).items() if meta["key"])

    @property
    def instants(self) -> tuple[str, ...]:
        """Columns of kind ``instant``, each of which has a derived ``*_on`` sibling."""
        return tuple(n for n, meta in _metas(self.schema).items() if meta["kind"] == "instant")

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Text columns that name a thing, by their name or as a part of the key."""
        return tuple(
            name
            for name, meta in _metas(self.schema).items()
            if meta["kind"] == "text" and (meta["key"] or name.endswith(_IDENTIFIERS))
        )

    @property
    def rules(self) -> dict[str, str]:
        """Rules over several columns and what they say; a broken one has a code of its name."""
        checks = {
            name: getattr(getattr(self.schema, name), "validation_fn", None)
            for name in dir(self.schema)
        }
        return {name: (check.__doc__ or "").strip() for name, check in checks.items() if check}

    @property
    def pii(self) -> dict[str, str]:
        """Personal columns and what they hold: email, phone, name or birth_on."""
        metas = _metas(self.schema).items()
        return {name: str(meta["pii"]) for name, meta in metas if meta["pii"]}

    @property
    def feed(self) -> str:
        """``crm`` or ``orders``: which of the two landing DAGs carries this table."""
        return "crm" if self.name.startswith("crm_") else "orders"

    @property
    def mappable(self) -> tuple[str, ...]:
        """Columns that a mapping may fill, in the order of the lake."""
        return (*self.schema.column_names(), DELETED)

    def kind(self, column: str) -> str:
        """Return the kind of a column (see :mod:`etl.contract.columns`)."""
        return "flag" if column == DELETED else str(_metas(self.schema)[column]["kind"])

    def sum_of(self, rows: pl.DataFrame) -> Decimal | None:
        """Return the sum of the table's amount over some rows; null where none states one."""
        if not self.amount or not rows[self.amount].count():
            return None
        return Decimal(str(rows[self.amount].sum()))

    def lake_schema(self) -> dict[str, pl.DataType]:
        """Return the one Parquet schema of this table: columns, derived dates, envelope.

        Personal columns hold tokens (String); beside an ``email`` stand ``email_domain`` and
        ``email_is_role``, beside ``birth_on`` stand ``birth_month`` and ``birth_day``.
        """
        schema: dict[str, pl.DataType] = {}
        pii = self.pii
        for name, column in self.schema.columns().items():
            schema[name] = pl.String() if name in pii else column.dtype
            if self.kind(name) == "instant":
                schema[business_date(name)] = pl.Date()
            if pii.get(name) == "email":
                schema |= {f"{name}_domain": pl.String(), f"{name}_is_role": pl.Boolean()}
            if pii.get(name) == "birth_on":
                schema |= {"birth_month": pl.Int8(), "birth_day": pl.Int8()}
        return schema | ENVELOPE


def business_date(instant: str) -> str:
    """Return the name of an instant's business date: ``ordered_at`` -> ``ordered_on``."""
    return f"{instant.removesuffix('_at')}_on"


@functools.cache  # dataframely makes its columns anew at every call
def _metas(schema: type[dy.Schema]) -> dict[str, dict[str, object]]:
    return {name: column.metadata or {} for name, column in schema.columns().items()}
