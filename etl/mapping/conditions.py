"""What a ``when`` asks of a source row, as Polars expressions over a cleaned all-text frame."""

from __future__ import annotations

from functools import reduce

import polars as pl

from etl.mapping.casts import ANY_NUMBER, plain_number
from etl.mapping.column import Column, Condition


def satisfied(conditions: tuple[Condition, ...], decimal_mark: str) -> pl.Expr:
    """Tell for each row whether all conditions hold; never null."""
    every = (_holds(condition, decimal_mark) for condition in conditions)
    return reduce(pl.Expr.and_, every, pl.lit(value=True))


def chosen(column: Column, decimal_mark: str) -> list[pl.Expr]:
    """Tell for each way of a column in which rows it is the one taken."""
    taken, before = [], pl.lit(value=False)
    for way in column.ways:
        holds = satisfied(way.when, decimal_mark)
        taken.append(holds & ~before)
        before = before | holds
    return taken


def _holds(condition: Condition, decimal_mark: str) -> pl.Expr:
    cell = pl.col(condition.source)
    if condition.test == "filled":
        return cell.is_not_null()
    if condition.test == "empty":
        return cell.is_null()
    if condition.test == "above":
        # Text that is no number is let through: the column that reads it refuses the row.
        number = plain_number(cell, decimal_mark)
        bound = pl.lit(condition.values[0]).cast(ANY_NUMBER)
        return cell.is_not_null() & (number > bound).fill_null(value=True)
    is_listed = cell.is_in(list(condition.values)).fill_null(value=False)
    return is_listed if condition.test == "in" else ~is_listed
