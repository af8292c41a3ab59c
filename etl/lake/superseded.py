"""Erasing a version brings no older one back: what it took the place of stays out of force.

Of an erased row the lake has a deleted version under a keyed hash of its key
(:mod:`etl.privacy.forgetting`). Where somebody else's version has that key, a row with
``is_deleted`` says so under the key itself. Like those of :mod:`etl.lake.vanished` they are made
anew for each build, from committed rows, so any order of deliveries gives the same ones. They are
as late as the erased row was: history from before stays, and a later version counts as ever.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from etl.config import Settings
from etl.contract import TABLES, Table
from etl.contract.table import DELETED
from etl.frames import conform
from etl.lake.commits import Lake
from etl.lake.vanished import NO_ROW, rows_of
from etl.privacy.forgetting import HANDLINGS
from etl.privacy.suppression import TOMBSTONE, Erased
from etl.privacy.vault import load_or_create_key

# Beside the committed files of a table among a build's inputs.
FILE = "superseded.parquet"
_KEYS_AT_A_TIME = 200_000
_HASHED, _LAST = "\0hashed", "\0last known on"


def superseding_rows(settings: Settings, lake: Lake) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield, by table, the rows that keep out of force what an erased version took the place of.

    Args:
        settings: Where the pseudonym key lies; it is read only where somebody was erased.
        lake: The lake; its files are verified already.

    Raises:
        ConfigError: The pseudonym key is missing, cannot be used, or is not the lake's.
    """
    for name in (name for name, handling in HANDLINGS.items() if handling.supersedes):
        table = TABLES[name]
        rows = rows_of(table, [file for file in lake.files if file.table == name])
        is_erased = pl.col(DELETED) & pl.col(table.key[0]).str.starts_with(TOMBSTONE)
        versions = rows.filter(is_erased).collect()
        if versions.height:
            erased = Erased(load_or_create_key(settings))
            yield name, _superseding(table, versions, rows.filter(~is_erased), erased)


def _superseding(
    table: Table, versions: pl.DataFrame, others: pl.LazyFrame, erased: Erased
) -> pl.DataFrame:
    """Return erased versions under the keys that rows of others have.

    Of equally late versions one that is not deleted wins. So they become later by one, and no
    whole number lies between, unless what is equally late was known after them.
    """
    (key,) = table.key
    keys = others.select("source_system", key).unique().collect(engine="streaming")
    named = versions.rename({key: _HASHED})
    found = [named.clear().with_columns(pl.lit(None, dtype=pl.String()).alias(key))]
    for some in keys.iter_slices(_KEYS_AT_A_TIME):
        hashed = some.with_columns(erased.tombstones(table.name, some).alias(_HASHED))
        found.append(named.join(hashed, on=["source_system", _HASHED]))
    superseding = pl.concat(found)
    late = ["source_system", key, "updated_at", "source_sequence"]
    theirs = others.join(superseding.lazy(), on=late[:2], how="semi")
    last = theirs.group_by(late).agg(pl.col("known_on").max().alias(_LAST)).collect()
    is_last = (pl.col("known_on") >= pl.col(_LAST)).fill_null(value=False)
    rows = superseding.join(last, on=late, how="left", nulls_equal=True).with_columns(
        pl.col("source_sequence") + is_last.cast(pl.Int64),
        source_row=pl.lit(NO_ROW, dtype=pl.Int64()),
    )
    return conform(rows, table.lake_schema()).unique().sort(key, "known_on", "batch_id")
