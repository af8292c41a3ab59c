"""What a close freezes: read from a finished build, valued as the close before would have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from etl.clv import ValueSettings
from etl.clv.closes import CLOSE_SCHEMAS, TOTALS
from etl.clv.rollforward import CLOSING, VALUE, first_close, roll_forward
from etl.clv.terms import Terms, at_opening_terms
from etl.config import Settings
from etl.errors import LakeCorrupt
from etl.files import make_folder
from etl.frames import conform
from etl.publish.fingerprint import logical_hash
from etl.state import COMMIT_SEQUENCE, erased_rows, read_state
from etl.warehouse.closes import CLOSED_LINES, CLOSED_VALUES, CLOSES, closed_rows
from etl.warehouse.database import frame, open_build, scratch, statement
from etl.warehouse.record import BuildRecord
from etl.warehouse.values import stored_fits

Close = Mapping[str, Any]


@dataclass(frozen=True)
class Frozen:
    """A close that has no name yet.

    Args:
        as_of_on: Last day of the month.
        values: Schema ``clv_closed_values`` without ``close_id``.
        lines: Schema ``clv_closed_lines`` without ``close_id``.
        summary: Columns of ``clv_closes`` that follow from the values.
    """

    as_of_on: date
    values: pl.DataFrame
    lines: pl.DataFrame
    summary: dict[str, Any]


@dataclass(frozen=True)
class _Closing:
    """What the build of the closing day says."""

    as_of_on: date
    rows: pl.DataFrame
    settings: ValueSettings
    key_changes: pl.DataFrame

    @property
    def values(self) -> pl.DataFrame:
        return conform(self.rows, _without_id(CLOSED_VALUES))


def freeze(settings: Settings, record: BuildRecord, before: Close | None) -> Frozen:
    """Read what a close freezes from the build of a published release.

    Args:
        record: The build's; its tables lie where its own engine put them.
        before: The row of the close before, or None for the first.
    """
    settings = replace(settings, engine=record.engine)
    closing = _read(settings, record.as_of_date, before)
    values = closing.values
    return Frozen(
        as_of_on=record.as_of_date,
        values=values,
        lines=_rolled(settings, closing, before) if before else first_close(values),
        summary={
            "as_of_on": record.as_of_date,
            "run_id": record.run_id,
            "discount_rate_annual": closing.settings.discount_rate_annual,
            "customers": values["customer_key"].n_unique(),
            "value_rows": values.height,
            "forecast_rows": values.drop_nulls("margin_rate").height,
            **{name: values[name].sum() for name in TOTALS},
            "values_hash": _hash(settings, values),
        },
    )


def verify_frozen(settings: Settings, close: Close) -> None:
    """Read back what a close froze and compare it with the close's own row.

    Of a close that an erasure touched, rows are counted: its hash is that of the rows there were.

    Raises:
        LakeCorrupt: Bytes changed, or the rows are not those of its ``values_hash``.
    """
    values, lines = (
        closed_rows(settings, name, close["close_id"]) for name in (CLOSED_VALUES, CLOSED_LINES)
    )
    kept = conform(values, _without_id(CLOSED_VALUES))
    gone = erased_rows(settings, CLOSED_VALUES, commit_id_of(close["close_id"]))
    if gone is None:
        is_kept = _hash(settings, kept) == close["values_hash"]
    else:
        is_kept = kept.height + gone == close["value_rows"]
    if not is_kept or (close["value_rows"] and not lines.height):
        raise LakeCorrupt(
            f"What {close['close_id']} froze is not in state as it was frozen.",
            where=str(settings.state / CLOSED_VALUES),
            todo="Restore data/state from a backup; it cannot be rebuilt from the lake.",
        )


def first_difference(frozen: Frozen, standing: Close, lines: pl.DataFrame) -> str:
    """Name the first total or line in which a close differs from what it would be now.

    Args:
        standing: The row of ``clv_closes``.
        lines: What it froze, schema ``clv_closed_lines``.
    """
    for name in (VALUE, "customers", "value_rows", "forecast_rows", *TOTALS):
        if frozen.summary[name] != standing[name]:
            return f"{name}: {standing[name]} frozen, {frozen.summary[name]} now"
    keys = ["business_unit", "line_no", "line"]
    both = (
        lines.select(*keys, frozen="amount")
        .join(frozen.lines.select(*keys, now="amount"), on=keys, how="full", coalesce=True)
        .filter(~pl.col("frozen").eq_missing(pl.col("now")))
        .sort(keys)
    )
    for unit, _, line, then, now in both.head(1).iter_rows():
        return f"{line} of {unit}: {_told(then)} frozen, {_told(now)} now"
    return "rows of single customers; all totals and lines are equal"


def _told(amount: Decimal | None) -> str:
    return "no such line" if amount is None else str(amount)


def _read(settings: Settings, as_of: date, before: Close | None) -> _Closing:
    since = before["as_of_on"] if before else as_of
    with open_build(settings) as build:
        return _Closing(
            as_of_on=as_of,
            rows=frame(build, statement("read_clv_closing")),
            settings=ValueSettings.of(frame(build, statement("read_clv_parameters")).iter_rows()),
            key_changes=frame(build, statement("read_key_changes_since"), since=since),
        )


def _rolled(settings: Settings, closing: _Closing, before: Close) -> pl.DataFrame:
    """Explain the change since the close before."""
    opening = opening_of(settings, before["close_id"])
    rates = opening.group_by("business_unit").agg(pl.col("margin_rate").max())
    discount_rate_annual = float(before["discount_rate_annual"])
    then = replace(closing.settings, discount_rate_annual=discount_rate_annual)
    valued = at_opening_terms(
        closing.values,
        closing.rows.drop_nulls("segment"),
        rates.rename({"margin_rate": "opening_margin_rate"}),
        _terms(settings, before["as_of_on"], then, before=_commit_of(settings, before)),
        _terms(settings, closing.as_of_on, closing.settings),
    )
    return roll_forward(
        opening,
        valued,
        closing.key_changes,
        before["as_of_on"],
        closing.as_of_on,
        discount_rate_annual,
    )


def opening_of(settings: Settings, close_id: str) -> pl.DataFrame:
    """Return what a close froze of customers, as the next one opens with it.

    What erased people were worth is nobody's: one row a business unit makes up for it, so that the
    opening is the closing of before to the cent. It ends in ``merges_and_erasures``.
    """
    rows = closed_rows(settings, CLOSED_VALUES, close_id)
    if erased_rows(settings, CLOSED_VALUES, commit_id_of(close_id)) is None:
        return rows
    lines = closed_rows(settings, CLOSED_LINES, close_id).filter(pl.col("line") == CLOSING)
    left = rows.group_by("business_unit").agg(left=pl.col(VALUE).sum())
    nobodys = (
        lines.join(left, on="business_unit", how="left")
        .with_columns((pl.col("amount") - pl.col("left").fill_null(0)).alias(VALUE))
        .filter(pl.col(VALUE) != 0)
        .select("close_id", "business_unit", VALUE, customer_key=pl.lit("erased"))
    )
    return pl.concat([rows, nobodys.cast({VALUE: rows.schema[VALUE]})], how="diagonal")


def commit_id_of(close_id: str) -> str:
    """Return the name of the commit of state that a close makes."""
    return f"close-{close_id}"


def _terms(
    settings: Settings, as_of: date, value_settings: ValueSettings, before: int | None = None
) -> Terms:
    """Return the fits of a day; of a past close those that it had, whatever was fitted since."""
    fits = stored_fits(settings, as_of, before)
    return Terms(as_of, fits["clv_models"], fits["clv_parameters"], value_settings)


def _commit_of(settings: Settings, close: Close) -> int:
    closes = read_state(settings, CLOSES, CLOSE_SCHEMAS[CLOSES], close["as_of_on"])
    return int(closes.filter(pl.col("close_id") == close["close_id"])[COMMIT_SEQUENCE].item())


def _without_id(name: str) -> dict[str, pl.DataType]:
    return {column: kind for column, kind in CLOSE_SCHEMAS[name].items() if column != "close_id"}


def _hash(settings: Settings, values: pl.DataFrame) -> str:
    """Return the logical hash of the frozen values, whichever close they belong to."""
    with TemporaryDirectory(dir=make_folder(settings.warehouse / "tmp")) as folder:
        path = Path(folder) / "values.parquet"
        values.write_parquet(path)
        with scratch(settings) as connection:
            return logical_hash(connection, path, frozenset())[1]
