"""Stops a build in which money has no rate of exchange, and says what to deliver.

The rule is ``int_records_without_rate``; here is only how a person is told. Such money would count
as nothing, or at a rate of 1 as something else.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from etl.config import DBT_PROJECT, Settings
from etl.errors import ConfigError, DataBlocked
from etl.files import atomic_path
from etl.frames import without_formulas
from etl.warehouse.database import build_path, frame, open_build, statement

_MAX_LISTED = 5
_COLUMNS: dict[str, pl.DataType] = {
    "record_type": pl.String(),
    "source_system": pl.String(),
    "order_id": pl.String(),
    "record_id": pl.String(),
    "currency": pl.String(),
    "needed_on": pl.Date(),
    "has_inverse_rate": pl.Boolean(),
}


def reporting_variables(settings: Settings) -> dict[str, str]:
    """Return dbt's variables of the reporting currency; its coin is the one of ISO 4217.

    Raises:
        ConfigError: The seed of currencies does not know the code.
    """
    currencies = pl.read_csv(DBT_PROJECT / "seeds" / "currencies.csv", infer_schema=False)
    digits = dict(currencies.select("currency", "minor_unit_digits").iter_rows())
    code = settings.reporting_currency
    if code not in digits:
        raise ConfigError(
            f"{code!r} is no currency of ISO 4217.",
            where="LOYALTY_REPORTING_CURRENCY",
            todo="Give a code such as USD, EUR or JPY; dbt_project/seeds/currencies.csv has all.",
        )
    return {"reporting_currency": code, "minor_unit_digits": digits[code]}


def refuse_missing_rates(settings: Settings) -> None:
    """Stop when money has no rate; the whole list is kept beside the build until the next one.

    Raises:
        DataBlocked: ``NO_RATE``; names the first records and what to deliver.
    """
    with open_build(settings) as build:
        missing = frame(build, statement("read_missing_rates"))
    if missing.is_empty():
        return
    with atomic_path(_list_path(settings)) as temporary:
        without_formulas(missing).write_csv(temporary)
    raise DataBlocked(
        f"{_counted(missing.height)} no rate of exchange to {settings.reporting_currency}, so"
        f" nothing is published: {_listed([_described(row) for row in missing.to_dicts()])}.",
        where=str(_list_path(settings)),
        todo=f"{' '.join(_wanted(missing, settings.reporting_currency))} Then run again. If your"
        f" books are not in {settings.reporting_currency}, set LOYALTY_REPORTING_CURRENCY.",
        code="NO_RATE",
    )


def missing_rates(settings: Settings) -> pl.DataFrame:
    """Return the list that held the last build, one row a record; empty when nothing did."""
    path = _list_path(settings)
    return pl.read_csv(path, schema=_COLUMNS) if path.exists() else pl.DataFrame(schema=_COLUMNS)


def _list_path(settings: Settings) -> Path:
    return build_path(settings).with_name("missing_rates.csv")


def _counted(records: int) -> str:
    return "1 record has" if records == 1 else f"{records} records have"


def _described(row: dict[str, object]) -> str:
    record = f"{row['record_type']} {row['record_id']}"
    if row["order_id"] is not None and row["record_type"] != "order":
        record += f" of order {row['order_id']}"
    return f"{record} of {row['source_system']} ({row['currency']}, {row['needed_on']})"


def _listed(texts: list[str]) -> str:
    more = len(texts) - _MAX_LISTED
    return "; ".join(texts[:_MAX_LISTED]) + (f"; and {more} more" if more > 0 else "")


def _wanted(missing: pl.DataFrame, reporting_currency: str) -> list[str]:
    """Say per currency which days to deliver, or that a record must name its currency."""
    told = []
    for (currency,), rows in missing.group_by("currency", maintain_order=True):
        if currency is None:
            told.append("Map a currency for the amounts that name none.")
            continue
        days = [str(day) for day in rows["needed_on"].unique().sort()]
        told.append(
            f"Deliver in fx_rates {currency} to {reporting_currency} for {_listed(days)}"
            " (a rate holds for that day and the few days after that the parameter"
            " fx_rate_max_age_days allows), or state fx_rate on the record."
        )
        if rows["has_inverse_rate"].any():
            told.append(
                f"Only {reporting_currency} to {currency} was delivered: 1 divided by a rate is"
                " nobody's rate and is not used."
            )
    return told
