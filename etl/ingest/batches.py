"""A checked CSV file as batches of whole documents: all text, bounded memory, nothing left out."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from etl.errors import LoyaltyError
from etl.ingest.gate import GatedFile
from etl.mapping import Export
from etl.mapping.operations import DOCUMENT, ROW, cleaned, count_name, filled

EXTRA = "\0extra"
KEYS = (ROW, DOCUMENT, EXTRA)


def read_batches(file: GatedFile, export: Export) -> Iterator[pl.DataFrame]:
    """Yield the records of a file in order.

    A batch ends where a document ends, so that a document is never cut; one that is larger than a
    batch makes its batch larger.

    Returns:
        Frames with the columns that the mapping reads, as delivered (String), ROW (Int64, record
        number from 1) and DOCUMENT (Int64, number of the document in the file, or of the row
        without a grain).

    Raises:
        LoyaltyError: The reader found another number of records than the gate.
    """
    records = documents = 0
    carried: pl.DataFrame | None = None
    for chunk, is_last in _with_last(_chunks(file, export)):
        records += chunk.height
        batch = _with_documents(
            chunk if carried is None else pl.concat([carried, chunk]), export, documents
        )
        documents = batch.item(-1, DOCUMENT)
        # More rows of the last document may follow.
        ends = batch.height if is_last else _begin_of_last(batch)
        carried = batch.slice(ends).drop(DOCUMENT)
        if ends:
            yield batch.head(ends)
    if records != file.records:
        raise _disagrees(f"{records} records", file)


def _begin_of_last(batch: pl.DataFrame) -> int:
    """Return at which row the last document begins; documents are numbered in their order."""
    return int(batch[DOCUMENT].search_sorted(batch.item(-1, DOCUMENT), side="left"))


def _disagrees(found: str, file: GatedFile) -> LoyaltyError:
    return LoyaltyError(
        f"The reader found {found}, the gate {file.records} records.",
        where=file.path.name,
        todo="Nothing was loaded. This is a fault of ours: report it with the file's header.",
        code="READER_DISAGREES",
    )


def _with_last(chunks: Iterator[pl.DataFrame]) -> Iterator[tuple[pl.DataFrame, bool]]:
    """Yield each chunk that has rows, and whether it is the last one."""
    before: pl.DataFrame | None = None
    for chunk in chunks:
        if chunk.height:
            if before is not None:
                yield before, False
            before = chunk
    if before is not None:
        yield before, True


def _chunks(file: GatedFile, export: Export) -> Iterator[pl.DataFrame]:
    """Yield the records block by block; the reader never sees more than one of them.

    A reader that is given the path reads ahead of a slow consumer, hundreds of megabytes of it.
    """
    records = 0
    read = [name for name in export.source_columns if name in file.header]
    for position, block in enumerate(_blocks(file)):
        frame = pl.scan_csv(
            block,
            has_header=False,
            # The gate has read the header; the reader leaves doubled quotes in its names.
            skip_rows=1 if position == 0 else 0,
            schema=dict.fromkeys(file.header, pl.String()),
            separator=export.delimiter,
            extra_columns="raise",
            missing_columns="raise",
            empty_string_is_null=False,
            glob=False,
            row_index_name=ROW,
            row_index_offset=records + 1,
        )
        try:
            # In one piece: each expression after this would otherwise work through every piece.
            chunk = frame.select(pl.col(ROW).cast(pl.Int64()), *read).collect().rechunk()
        except pl.exceptions.PolarsError as error:
            # The reader quotes cells in its messages; they may be personal.
            raise _disagrees(f"a {type(error).__name__}", file) from None
        records += chunk.height
        yield chunk


def _blocks(file: GatedFile) -> Iterator[bytes]:
    """Yield the bytes of a checked file, cut between two records."""
    with file.path.open("rb") as stream:
        for size in file.blocks:
            yield stream.read(size)


def _with_documents(batch: pl.DataFrame, export: Export, first: int) -> pl.DataFrame:
    """Number the documents: one begins where the key changes.

    Of a key of several columns each may be empty below a document's first row; a row where all
    are belongs to no document.
    """
    if export.grain is None:
        return batch.with_columns((pl.col(ROW) - 1).alias(DOCUMENT))
    present = [name for name in export.grain.key if name in batch.columns]
    names = [cleaned(name, export.null_tokens) for name in present]
    if len(names) == 1:
        run = names[0].rle_id()
    else:
        nameless = pl.all_horizontal(name.is_null() for name in names)
        changes = [name.is_not_null() & (name != name.forward_fill().shift(1)) for name in names]
        begins = pl.any_horizontal(*changes, nameless != nameless.shift(1)).fill_null(value=False)
        run = begins.cast(pl.Int64()).cum_sum()
    return batch.with_columns((run.cast(pl.Int64()) + first).alias(DOCUMENT))


class Cleaner:
    """Turns a delivered batch into what a mapping's expressions read.

    It counts the values of ``occurrence`` over the whole file; memory grows with the number of
    different values only.

    Args:
        export: The export.
        header: Columns of the file; a mapped column that is not there is null throughout.
    """

    def __init__(self, export: Export, header: tuple[str, ...]) -> None:
        self._export = export
        self._header = header
        self._seen: dict[tuple[str, ...], dict[tuple[object, ...], int]] = {
            way.of: {}
            for target in export.targets
            for column in target.columns
            for way in column.ways
            if way.op == "occurrence"
        }

    def clean(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return the mapped columns with nulls and forward fills, KEYS and the counts."""
        tokens = self._export.null_tokens
        columns = [
            cleaned(name, tokens) if name in self._header else _absent(name)
            for name in self._export.source_columns
        ]
        frame = batch.select(ROW, DOCUMENT, *columns).with_columns(filled(self._export))
        frame = frame.with_columns(self._extra())
        for of in self._seen:
            frame = frame.with_columns(self._count(frame, of).alias(count_name(of)))
        return frame

    def _extra(self) -> pl.Expr:
        kept = [name for name in self._export.keep if name in self._header]
        if not kept:
            return pl.lit(None, dtype=pl.String()).alias(EXTRA)
        some = pl.any_horizontal(pl.col(kept).is_not_null())
        return pl.when(some).then(pl.struct(kept).struct.json_encode()).alias(EXTRA)

    def _count(self, frame: pl.DataFrame, of: tuple[str, ...]) -> pl.Series:
        """Count, for each row, the rows of the file so far with the same values."""
        seen = self._seen[of]
        groups = frame.group_by(of, maintain_order=True).len("\0n")
        before = []
        for *values, n in groups.iter_rows():
            key = tuple(values)
            before.append(seen.get(key, 0))
            seen[key] = before[-1] + n
        groups = groups.select(of).with_columns(pl.Series("\0before", before, dtype=pl.Int64()))
        here = pl.int_range(1, pl.len() + 1).over(of)
        joined = frame.select(*of, here.alias("\0n")).join(
            groups, on=list(of), how="left", nulls_equal=True, maintain_order="left"
        )
        return joined.select(pl.col("\0n") + pl.col("\0before")).to_series()


def _absent(name: str) -> pl.Expr:
    return pl.lit(None, dtype=pl.String()).alias(name)
