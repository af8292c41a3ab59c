"""Keeps out of a delivery who was erased, before anything of them becomes a token."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import polars as pl

from etl.contract import Table
from etl.ingest.batches import EXTRA
from etl.ingest.problems import MASK
from etl.ingest.staging import StagedErased, amount_text
from etl.mapping.operations import ROW
from etl.privacy.forgetting import forget
from etl.privacy.suppression import Erased


@dataclass
class ErasedTally:
    """Counts the rows that are left out, and their amounts, batch by batch."""

    _counts: dict[str, tuple[int, Decimal | None]] = field(default_factory=dict)

    def keep_out(
        self, rows: pl.DataFrame, table: Table, source_system: str, erased: Erased
    ) -> pl.DataFrame:
        """Return the rows without the erased; those that hold money stay, as nobody's.

        Args:
            rows: Accepted rows, addresses and phones as delivered.
            table: The contract table.
            source_system: The system that delivered them.
            erased: Who was erased.
        """
        system = pl.lit(source_system).alias("source_system")
        named = rows.with_columns(system).rename({EXTRA: "extra_json"})
        left = forget(named, table, erased, is_clear=True)
        if left.removed.height:
            count, amount = self._counts.get(table.name, (0, None))
            gone = table.sum_of(left.removed)
            both = gone if amount is None else amount + (gone or 0)
            self._counts[table.name] = count + left.removed.height, both
        return left.rows.rename({"extra_json": EXTRA})

    def counts(self) -> dict[str, StagedErased]:
        """Return the counts by table, in a fixed order."""
        return {
            table: StagedErased(rows, amount_text(amount))
            for table, (rows, amount) in sorted(self._counts.items())
        }


def mask_raw(
    raw: pl.DataFrame, rows: pl.DataFrame, table: Table, source_system: str, erased: Erased
) -> pl.DataFrame:
    """Mask the records as delivered whose rows are an erased person's.

    Args:
        raw: ROW and ``raw_json``.
        rows: Refused rows of a table, as they were read.
        table: The contract table.
        source_system: The system that delivered them.
        erased: Who was erased.
    """
    system = pl.lit(source_system).alias("source_system")
    left = forget(rows.with_columns(system), table, erased, is_clear=True)
    theirs = pl.concat([left.removed[ROW], left.rows.filter(left.changed)[ROW]])
    masked = pl.when(pl.col(ROW).is_in(theirs.implode())).then(pl.lit(MASK))
    return raw.with_columns(masked.otherwise("raw_json").alias("raw_json"))
