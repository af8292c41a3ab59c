"""A Parquet file as the table that a CSV export is: every cell becomes its text, none is rounded.

The file is read row by row group, page by page, and written as CSV. What it claims of itself is
checked before anything of it is unpacked; of text, a page is held as a dictionary, so that a value
repeated a million times costs as much as one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.ingest.gate.magic import require_binary
from etl.ingest.gate.pages import check_pages
from etl.ingest.gate.source import BLOCK_BYTES, Limits, check_size
from etl.ingest.gate.tables import DOUBLE_DIGITS, SINGLE_DIGITS, float_text, header_bytes
from etl.ingest.reasons import file_rejected

_FOOTER = struct.Struct("<I4s")
_MOST_FOOTER_BYTES = 16 << 20
_ROWS_PER_BATCH = 4_096
_FRACTION_ZEROS = r"(\.[0-9]*?)0+$"


def parquet_blocks(copy: Path, size: int, limits: Limits, where: str) -> Generator[bytes]:
    """Yield the records of a Parquet file as CSV, header first.

    Args:
        copy: The file.
        size: Its bytes on disk.
        limits: Bounds of what may come out of it.
        where: Name of the file in messages.

    Raises:
        FileRejected: It is none (EMPTY_FILE, BAD_MAGIC), is damaged (PARQUET_DAMAGED), unpacks to
            too much (TOO_LARGE, FIELD_TOO_LONG), or holds what is no text (PARQUET_TYPE, BAD_TEXT,
            HEADER_BAD_NAME, TOO_MANY_COLUMNS).
    """
    _check_footer(copy, size, where)
    try:
        with _opened(copy) as plain:
            schema, metadata = plain.schema_arrow, plain.metadata
        header = header_bytes(schema.names, where)
        _check_types(schema, where)
        check_pages(copy, metadata, limits, where)
        yield header
        yield from _record_blocks(copy, schema, size, limits, where)
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's fault, not the file's
        # Arrow's messages may quote a value.
        raise file_rejected("PARQUET_DAMAGED", where) from None


def _opened(copy: Path, texts: Sequence[str] = ()) -> pq.ParquetFile:
    """Open the file for reading page by page; text columns named come as dictionaries."""
    return pq.ParquetFile(
        copy,
        read_dictionary=list(texts),
        buffer_size=BLOCK_BYTES,
        pre_buffer=False,
        page_checksum_verification=True,
    )


def _check_footer(copy: Path, size: int, where: str) -> None:
    """Check both ends of the file, and that its description of itself is no giant."""
    with copy.open("rb") as file:
        require_binary(file.read(4), "parquet", where)
        file.seek(max(0, size - _FOOTER.size))
        end = file.read(_FOOTER.size)
    if size < 3 * 4 or not end.endswith(b"PAR1"):
        raise file_rejected("PARQUET_DAMAGED", where)
    length, _ = _FOOTER.unpack(end)
    if length > _MOST_FOOTER_BYTES:
        raise file_rejected("TOO_LARGE", where, detail=f"{_MOST_FOOTER_BYTES:,} bytes of metadata")


def _check_types(schema: pa.Schema, where: str) -> None:
    for field in schema:
        if not any(test(field.type) for test in _TEXTS):
            raise file_rejected(
                "PARQUET_TYPE", where, detail=field.name, found=str(field.type)[:100]
            )


def _record_blocks(
    copy: Path, schema: pa.Schema, size: int, limits: Limits, where: str
) -> Iterator[bytes]:
    texts = [field.name for field in schema if _is_string(field.type)]
    total = records = 0
    with _opened(copy, texts) as file:
        for batch in file.iter_batches(_ROWS_PER_BATCH, use_threads=False):
            for part in _parts(batch, limits, records, where):
                block = _csv(part, records, where)
                records += part.num_rows
                total += len(block)
                check_size(total, size, limits, where)
                yield block
        if records != file.metadata.num_rows:
            raise file_rejected("PARQUET_DAMAGED", where)


def _parts(
    batch: pa.RecordBatch, limits: Limits, records: int, where: str
) -> Iterator[pa.RecordBatch]:
    """Cut a batch so that no part makes a giant text, measured while it is still a dictionary."""
    widest = 0
    for column in batch.columns:
        if pa.types.is_dictionary(column.type) and len(column.dictionary):
            longest = pc.max(pc.binary_length(column.dictionary)).as_py() or 0
            if longest > limits.field_bytes:
                detail = f"{limits.field_bytes:,} bytes"
                raise file_rejected(
                    "FIELD_TOO_LONG", where, record=f"{records + 1} or a later one", detail=detail
                )
            widest += longest
    step = max(1, min(batch.num_rows, BLOCK_BYTES // max(1, widest)))
    for start in range(0, batch.num_rows, step):
        yield batch.slice(start, step)


def _csv(part: pa.RecordBatch, records: int, where: str) -> bytes:
    columns = [_texts(column).alias(f"{n}") for n, column in enumerate(part.columns)]
    frame = pl.DataFrame(columns).with_columns(pl.all().fill_null(""))
    if bad := [found for found in map(_first_not_text, frame) if found is not None]:
        raise file_rejected("BAD_TEXT", where, record=records + min(bad) + 1)
    return frame.write_csv(include_header=False).encode()


def _first_not_text(cells: pl.Series) -> int | None:
    """Return the first row with a NUL; all else is text, or Arrow would have refused it."""
    bad = cells.str.contains("\0", literal=True)
    return bad.arg_max() if bad.any() else None


def _texts(column: pa.Array) -> pl.Series:
    """Write the cells of a column as text, null where they are null."""
    kind = column.type
    if pa.types.is_null(kind):
        return pl.Series([None] * len(column), dtype=pl.String())
    if pa.types.is_floating(kind):
        return _float_texts(column)
    if pa.types.is_decimal(kind):
        # The zeros are those of the column's type; nobody wrote them.
        exact = _series(column).cast(pl.String())
        return exact.str.replace(_FRACTION_ZEROS, "${1}").str.strip_suffix(".")
    if pa.types.is_timestamp(kind):
        return _instant_texts(column)
    # Arrow never panics at a date out of range, and writes it so that no cast takes it.
    return _series(column.cast(pa.large_string()))


def _instant_texts(column: pa.Array) -> pl.Series:
    if column.type.tz is not None:  # the zone is how it is shown; what is stored is UTC
        column = column.cast(pa.timestamp(column.type.unit, "UTC"))
    text = _series(column.cast(pa.large_string()))
    return text.str.replace(r"\.?0+(Z?)$", "${1}") if column.type.unit != "s" else text


def _float_texts(column: pa.Array) -> pl.Series:
    is_single = pa.types.is_float32(column.type)
    digits = SINGLE_DIGITS if is_single else DOUBLE_DIGITS
    text = _series(column).cast(pl.String())  # the shortest that reads back as the same float
    # The usual number needs no second look: plain, and not more digits than a float keeps.
    is_usual = text.str.contains(r"^-?[0-9]+\.[0-9]+$") & (text.str.len_bytes() <= digits + 1)
    rest = text.filter(~is_usual).unique()
    others = {value: float_text(value, digits) for value in rest.drop_nulls()}
    return pl.select(
        pl.when(is_usual)
        .then(text.str.strip_suffix(".0"))
        .otherwise(text.replace_strict(others, default=None, return_dtype=pl.String()))
    ).to_series()


def _series(column: pa.Array) -> pl.Series:
    return pl.Series(values=column)


def _is_string(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_string(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


_TEXTS: tuple[Callable[[pa.DataType], bool], ...] = (
    _is_string,
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_float32,
    pa.types.is_float64,
    pa.types.is_decimal128,
    pa.types.is_date32,
    pa.types.is_timestamp,
)
