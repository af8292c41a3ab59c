"""Conditions that several row rules of the contract share."""

from __future__ import annotations

import polars as pl


def days_in_order(first: str, last: str) -> pl.Expr:
    """Return whether ``last`` is not before ``first``; true where one of them is unknown."""
    return (pl.col(last) >= pl.col(first)).fill_null(value=True)
