"""Columns of the frames that identity resolution works on."""

from __future__ import annotations

import hashlib

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
    "record_key": pl.String(),
    "customer_key": pl.String(),
    "rule": pl.String(),
    "confidence": pl.Decimal(9, 6),
    "matched_system": pl.String(),
    "matched_entity": pl.String(),
    "matched_id": pl.String(),
    "known_on": pl.Date(),
}
FINDING_SCHEMA: dict[str, pl.DataType] = {
    "finding": pl.String(),
    "finding_id": pl.String(),
    "record_count": pl.Int64(),
    **_NODE_SCHEMA,
    "shared_rule": pl.String(),
    "shared_system": pl.String(),
    "shared_entity": pl.String(),
    "shared_id": pl.String(),
    "shared_by": pl.Int64(),
}
# What a source states is certain. A contact may order for a colleague, and e-mail addresses are
# shared and handed on.
CONFIDENCE = {
    "converted_lead": 1.0,
    "external_ref": 1.0,
    "master_id": 1.0,
    "account_member": 0.95,
    "same_order": 0.92,
    "same_email": 0.9,
}
# With a business account on the right these say that the left node belongs to it.
MEMBERSHIPS = ("account_member", "converted_lead", "same_order")
EMAIL = "email"
EMAIL_SYSTEM = ""  # an address belongs to no system: that is what makes it a link


def with_record_key(nodes: pl.DataFrame) -> pl.DataFrame:
    """Add ``record_key``: 32 hex digits that stand for a node, and name the customer it begins."""
    names = nodes.select(pl.concat_str(NODE, separator="|")).to_series()
    keys = [hashlib.md5(name.encode(), usedforsecurity=False).hexdigest() for name in names]
    return nodes.with_columns(record_key=pl.Series(keys, dtype=pl.String))
