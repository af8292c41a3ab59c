"""What every table needs, whatever it holds."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl


def conform(frame: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return exactly the columns of a schema, in its order and types."""
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
