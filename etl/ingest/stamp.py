"""The last step before the lake: personal columns become tokens, rows get digests and envelope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from etl.contract import Table
from etl.contract.table import business_date
from etl.ingest.batches import EXTRA
from etl.ingest.hashing import NO_LINES, document_hashes, with_record_hash
from etl.mapping import Export, Target
from etl.mapping.operations import DOCUMENT, ROW
from etl.privacy.tokens import Tokeniser

_KNOWN = "known_on"


@dataclass(frozen=True)
class Envelope:
    """What all rows of a delivery have in common.

    Args:
        source_system: System that delivered.
        source_file: Name of the file.
        delivery_id: Becomes ``batch_id``.
        extracted_at: When the file was written, as its time stamp says.
        loaded_at: When it was read.
        business_day: Day the delivery is for.
        sequence: Which of two deliveries is the later one.
    """

    source_system: str
    source_file: str
    delivery_id: str
    extracted_at: datetime
    loaded_at: datetime
    business_day: date
    sequence: int


def known_on(
    rows: Sequence[pl.DataFrame], export: Export, mode: str, business_day: date
) -> pl.DataFrame:
    """Return since when each document is known.

    Args:
        rows: Shaped rows of each target.
        export: Says which columns tell it for a history.
        mode: Mode of the delivery.
        business_day: The latest possible day, and the day when nothing tells.

    Returns:
        DOCUMENT and ``known_on``, one row per document. Rows of one document are known together:
        on the latest day that any of them says.
    """
    documents = pl.concat([frame.select(DOCUMENT) for frame in rows]).unique()
    days = []
    for position, (name, nth) in enumerate(_tellers(export) if mode == "history" else ()):
        is_day = export.targets[nth].contract.kind(name) == "day"
        day = name if is_day else business_date(name)
        told = rows[nth].group_by(DOCUMENT).agg(pl.col(day).max().alias(f"told {position}"))
        documents = documents.join(told, on=DOCUMENT, how="left")
        days.append(pl.col(f"told {position}"))
    first = pl.coalesce(*days, pl.lit(business_day))
    return documents.select(DOCUMENT, pl.min_horizontal(first, pl.lit(business_day)).alias(_KNOWN))


def _tellers(export: Export) -> list[tuple[str, int]]:
    """Return the known_from columns and the targets that have them, in the order they are asked."""
    return [
        (name, nth)
        for name in export.known_from
        for nth, target in enumerate(export.targets)
        if target.column(name)
    ]


def stamped(
    parts: Sequence[pl.DataFrame],
    known: pl.DataFrame,
    export: Export,
    envelope: Envelope,
    tokens: Tokeniser,
) -> list[pl.DataFrame]:
    """Return accepted rows as the lake keeps them.

    Args:
        parts: Rows of each target: KEYS, contract columns and business dates; whole documents.
        known: DOCUMENT and ``known_on``.
        export: Says what they are rows of.
        envelope: The delivery's part of the envelope.
        tokens: Replaces personal values.

    Returns:
        Of each target exactly the columns of ``table.lake_schema()``, in its order.
    """
    targets = export.targets
    hashed = [
        with_record_hash(tokens.tokenise_frame(rows, target.pii), target.contract)
        for rows, target in zip(parts, targets, strict=True)
    ]
    digests = _digests(hashed, targets)
    # Without a grain each row is a document: the lines of a head may stand in other rows.
    of_none = NO_LINES if export.grain else None
    documents = [
        _in_document(rows, target.contract, digests, of_none)
        for rows, target in zip(hashed, targets, strict=True)
    ]
    return [
        _enveloped(rows, known, target.contract, envelope)
        for rows, target in zip(documents, targets, strict=True)
    ]


def _digests(hashed: Sequence[pl.DataFrame], targets: Sequence[Target]) -> dict[str, pl.DataFrame]:
    """Return DOCUMENT, what names a document and its digest, by table of lines.

    Several targets may fill one table: a document's lines are those of all of them.
    """
    tables = {target.table: target.contract for target in targets if target.contract.document}
    found = {}
    for name, table in tables.items():
        by = [DOCUMENT, table.document]
        lines = [
            rows.select(*by, "record_hash")
            for rows, target in zip(hashed, targets, strict=True)
            if target.table == name
        ]
        found[name] = document_hashes(pl.concat(lines), by)
    return found


def _in_document(
    rows: pl.DataFrame, table: Table, digests: dict[str, pl.DataFrame], of_none: str | None
) -> pl.DataFrame:
    """Add ``document_hash``: of the document a row is a line of, or that it came with as the head.

    A head that came without a line, in an export that has them, gets ``of_none``; one from an
    export of its own gets none.
    """
    of_table = digests.get(table.name if table.document else table.lines)
    if of_table is None:
        return rows.with_columns(pl.lit(None, dtype=pl.String()).alias("document_hash"))
    by = of_table.columns[:-1]
    rows = rows.join(of_table, on=by, how="left", maintain_order="left")
    return rows.with_columns(pl.col("document_hash").fill_null(pl.lit(of_none, pl.String())))


def _enveloped(
    rows: pl.DataFrame, known: pl.DataFrame, table: Table, envelope: Envelope
) -> pl.DataFrame:
    schema = table.lake_schema()
    rows = rows.join(known, on=DOCUMENT, how="left", maintain_order="left")
    return rows.with_columns(
        pl.col(ROW).alias("source_row"),
        pl.col(EXTRA).alias("extra_json"),
        pl.lit(envelope.source_system).alias("source_system"),
        pl.lit(envelope.source_file).alias("source_file"),
        pl.lit(envelope.delivery_id).alias("batch_id"),
        pl.lit(envelope.extracted_at, dtype=schema["extracted_at"]).alias("extracted_at"),
        pl.lit(envelope.loaded_at, dtype=schema["loaded_at"]).alias("loaded_at"),
        pl.lit(envelope.sequence, dtype=pl.Int64()).alias("source_sequence"),
    ).select(list(schema))
