"""What every table needs, whatever it holds."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import polars.selectors as cs

# What makes a cell a formula to a spreadsheet: = + - @ and their wide forms, at its beginning or
# behind a mark at which a spreadsheet of another country splits the line.
_FORMULA = r"((?:^|[;,|\t\r\n])[\"\s]*)([=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}])"
_BLANK = r"^([\t\r\n])"  # a spreadsheet drops it, and what follows comes first


def conform(frame: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return exactly the columns of a schema, in its order and types."""
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def without_formulas(rows: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before everything in text that a spreadsheet would take for a formula."""
    text = cs.string().str.replace_all(_FORMULA, "${1}'${2}")
    return rows.with_columns(text.str.replace(_BLANK, "'${1}"))
