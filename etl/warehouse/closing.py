"""What a close freezes: read from a finished build, valued as the close before would have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from etl.clv import ValueSettings
from etl.clv.closes import CLOSE_SCHEMAS, TOTALS
from etl.clv.rollforward import first_close, roll_forward
from etl.clv.terms import Terms, at_opening_terms
from etl.config import Settings
from etl.files import make_folder
from etl.publish.fingerprint import logical_hash
from etl.state import COMMIT_SEQUENCE, read_state
from etl.warehouse.closes import CLOSED_VALUES, CLOSES, closed_rows
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
        return fit(self.rows, _without_id(CLOSED_VALUES))


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


def fit(rows: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return the columns of a schema in its types."""
    return rows.select(pl.col(name).cast(kind) for name, kind in schema.items())


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
    opening = closed_rows(settings, CLOSED_VALUES, before["close_id"])
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
