"""What is wrong with rows of the contract: one line per bad cell or broken rule.

A problems frame has ROW (Int64, where the fault stands), DOCUMENT (Int64), ``column`` (contract
column, or null for a rule over several), ``reason`` (code of :mod:`etl.ingest.reasons`), ``value``
(offending text; masked when personal) and ``rank`` (Int32; the lowest of a row is reported).
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import dataframely as dy
import polars as pl

from etl.contract import Table
from etl.contract.table import business_date
from etl.ingest.reasons import rule_code
from etl.mapping.operations import DOCUMENT, ROW

MASK = "***"
PROBLEM_SCHEMA: dict[str, pl.DataType] = {
    ROW: pl.Int64(),
    DOCUMENT: pl.Int64(),
    "column": pl.String(),
    "reason": pl.String(),
    "value": pl.String(),
    "rank": pl.Int32(),
}
# A cell that cannot be read explains the rules it breaks, so it ranks first; within a family the
# order of the contract decides.
RANK_CELL, RANK_RULE, RANK_FUTURE, RANK_FILE = 0, 1_000, 2_000, 3_000

_MAIN_INSTANTS = (
    "ordered_at",
    "refunded_at",
    "responded_at",
    "occurred_at",
    "opened_at",
    "created_at",
    "processed_at",
    "referred_at",
    "requested_at",
)
_DAYS_AHEAD = timedelta(days=1)
_RULE_CODES = {"nullability": "REQUIRED_MISSING", "regex": "BAD_FORMAT", "min_length": "BAD_FORMAT"}
_POSITION = "source_row"
# A spreadsheet shows a long number as 1.23E+15; the gate marks a float it cannot vouch for by ~.
_NO_DIGITS = r"~-?[0-9.]+(?:[eE][+-]?[0-9]+)?|-?[0-9](?:\.[0-9]+)?E[+-][0-9]{1,3}"
_NO_VALUE = r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)"


def problems_of(
    frame: pl.DataFrame, *, column: str | None, reason: pl.Expr, value: pl.Expr, rank: int
) -> pl.DataFrame:
    """Return a problem for every row of a frame that has ROW and DOCUMENT."""
    return frame.select(
        ROW,
        DOCUMENT,
        pl.lit(column, dtype=pl.String()).alias("column"),
        reason.alias("reason"),
        value.cast(pl.String()).alias("value"),
        pl.lit(rank, dtype=pl.Int32()).alias("rank"),
    ).cast(PROBLEM_SCHEMA)  # type: ignore[arg-type]


def no_problems() -> pl.DataFrame:
    """Return a problems frame without rows."""
    return pl.DataFrame(schema=PROBLEM_SCHEMA)


def contract_problems(rows: pl.DataFrame, table: Table, masked: frozenset[str]) -> pl.DataFrame:
    """Return what breaks the row rules of a table.

    Args:
        rows: All contract columns of the table with their types, ROW and DOCUMENT.
        table: The contract table.
        masked: Columns whose values must not be shown.
    """
    schema = _numbered(table.schema)
    numbered = rows.with_row_index(_POSITION).with_columns(pl.col(_POSITION).cast(pl.Int64()))
    _, failure = schema.filter(numbered.select(schema.column_names()))
    if not len(failure):
        return no_problems()
    details = failure.details()
    places = numbered.select(_POSITION, ROW, DOCUMENT)
    bad = details.join(places, on=_POSITION, how="left", maintain_order="left")
    rules = [name for name in details.columns if name not in schema.column_names()]
    return pl.concat([_broken(bad, rule, table, masked) for rule in rules])


def future_problems(rows: pl.DataFrame, table: Table, business_day: date) -> pl.DataFrame:
    """Return rows whose main instant lies more than a day after the delivery's business day."""
    latest = business_day + _DAYS_AHEAD
    return pl.concat(
        [
            no_problems(),
            *(
                problems_of(
                    rows.filter(pl.col(business_date(name)) > latest),
                    column=name,
                    reason=pl.lit("FUTURE_DATE"),
                    value=pl.col(name),
                    rank=RANK_FUTURE,
                )
                for name in _main_instants(table)
            ),
        ]
    )


def spoilt_ids(rows: pl.DataFrame, table: Table, masked: frozenset[str]) -> pl.DataFrame:
    """Return ids that a spreadsheet or a float has spoilt: many things would go by one name.

    Args:
        rows: All contract columns of the table, ROW and DOCUMENT.
        table: The contract table.
        masked: Columns whose values must not be shown.
    """
    found = [no_problems()]
    for name in table.identifiers:
        text = pl.col(name)
        bad = rows.filter(text.str.contains(f"^(?:{_NO_DIGITS}|{_NO_VALUE})$"))
        code = pl.when(text.str.starts_with("#")).then(pl.lit("SPREADSHEET_ERROR"))
        value = pl.lit(MASK) if name in masked else text
        reason = code.otherwise(pl.lit("LOST_DIGITS"))
        if bad.height:
            found.append(problems_of(bad, column=name, reason=reason, value=value, rank=RANK_CELL))
    return pl.concat(found)


@cache
def _main_instants(table: Table) -> tuple[str, ...]:
    return tuple(name for name in _MAIN_INSTANTS if name in table.instants)


@cache
def _numbered(schema: type[dy.Schema]) -> type[dy.Schema]:
    """Return the schema with a column more that tells which row failed."""
    return type(f"{schema.__name__}Numbered", (schema,), {_POSITION: dy.Int64(nullable=True)})


def _broken(bad: pl.DataFrame, rule: str, table: Table, masked: frozenset[str]) -> pl.DataFrame:
    column, _, check = rule.rpartition("|")
    order = [*table.schema.column_names(), ""]
    value = pl.col(column) if column and column not in masked else pl.lit(MASK if column else None)
    return problems_of(
        bad.filter(pl.col(rule) == "invalid"),
        column=column or None,
        reason=pl.lit(_code(table, column, check)),
        value=value,
        rank=RANK_RULE + order.index(column),
    )


def _code(table: Table, column: str, check: str) -> str:
    if not column:
        return rule_code(check)
    one_of = (table.schema.columns()[column].metadata or {}).get("one_of")
    if check == "regex" and one_of:
        return "UNKNOWN_CODE"
    return _RULE_CODES.get(check, "OUT_OF_RANGE")
