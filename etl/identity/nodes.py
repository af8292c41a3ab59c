"""Columns of the frames that identity resolution works on."""

from __future__ import annotations

import polars as pl

# More records than this are hardly one customer: something they share should not be shared.
CLUSTER_LIMIT = 20

NODE = ("source_system", "entity", "source_id")
_NODE_SCHEMA: dict[str, pl.DataType] = dict.fromkeys(NODE, pl.String())

RECORD_SCHEMA: dict[str, pl.DataType] = {
    **_NODE_SCHEMA,
    "known_on": pl.Date(),
    "is_business": pl.Boolean(),
}
LINK_SCHEMA: dict[str, pl.DataType] = {
    **{f"{side}_{name}": pl.String() for side in ("left", "right") for name in NODE},
    "rule": pl.String(),
    "confidence": pl.Float64(),
}
IDENTITY_SCHEMA: dict[str, pl.DataType] = {
    **_NODE_SCHEMA,
    "customer_key": pl.String(),
    "rule": pl.String(),
    "confidence": pl.Decimal(9, 6),
    "known_on": pl.Date(),
}
# What a source states is certain; e-mail addresses are shared and handed on.
CONFIDENCE = {
    "external_ref": 1.0,
    "master_id": 1.0,
    "account_member": 0.95,
    "same_email": 0.9,
}
EMAIL = "email"
EMAIL_SYSTEM = ""  # an address belongs to no system: that is what makes it a link


def fit(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """Return exactly the columns of a schema, in its order and types."""
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
