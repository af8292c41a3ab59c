"""Purchase summaries: what no history can be, and whose fit scores a customer."""

from __future__ import annotations

from datetime import date

import polars as pl

from etl.clv.errors import SummaryError
from etl.clv.inputs import ALL, SUMMARY_COLUMNS

HISTORY = ("repeat_orders", "recency_days", "age_days")
_UNIT = ["business_unit", "model_segment"]
_NULLABLE = {"mean_spend", "first_spend", "history_starts_on"}


def check_summaries(summaries: pl.DataFrame, where: str) -> None:
    """Refuse a summary that no purchase history can have.

    Args:
        summaries: The columns of ``SUMMARY_COLUMNS``.
        where: The model that made it, for the message.

    Raises:
        SummaryError: Names the first rule broken and how many rows break it.
    """
    x, recency, age = (pl.col(name) for name in HISTORY)
    occasions, recent = pl.col("spend_occasions"), pl.col("recent_repeat_orders")
    required = pl.any_horizontal(
        pl.col(name).is_null() for name in SUMMARY_COLUMNS if name not in _NULLABLE
    )
    rules = {
        "a required value is null": required,
        "repeat orders below zero": x < 0,
        "recency outside 0 .. age": (recency < 0) | (recency > age),
        "a recency without repeat orders, or the reverse": (x > 0) != (recency > 0),
        "more repeat orders than days": x > recency,
        "more spend occasions than repeat orders": (occasions < 0) | (occasions > x),
        "spend that is not above zero": (occasions > 0)
        & ~(pl.col("mean_spend") > 0).fill_null(value=False),
        "more recent repeat orders than repeat orders": (recent < 0) | (recent > x),
        "a first spend that is not above zero": pl.col("first_spend") <= 0,
    }
    counts = summaries.select(
        rule.fill_null(value=False).sum().alias(name) for name, rule in rules.items()
    )
    for name, broken in counts.row(0, named=True).items():
        if broken:
            raise SummaryError(
                f"{broken} customers have {name}.",
                where=where,
                todo="Correct the query that summarises the orders.",
            )


def in_force(models: pl.DataFrame, as_of_on: date) -> pl.DataFrame:
    """Return the fits in force on a day: of each business unit the latest run that began by then.

    A run judges a unit whole: a segment that an earlier run fitted and the latest did not is
    scored by the unit's fit again.
    """
    begun = models.filter(pl.col("in_force_from") <= as_of_on)
    runs = begun.sort("business_unit", "in_force_from", "run_cutoff_on")
    latest = runs.unique("business_unit", keep="last").select("business_unit", "run_cutoff_on")
    return begun.join(latest, on=["business_unit", "run_cutoff_on"], how="semi").sort(_UNIT)


def with_model_segment(summaries: pl.DataFrame, models: pl.DataFrame) -> pl.DataFrame:
    """Add ``model_segment``: the own segment where its fit is in force, else ``all``.

    ``int_clv_models_assigned`` does the same in SQL; a test of the warehouse compares.

    Args:
        summaries: With ``business_unit`` and ``segment``.
        models: Fits in force.
    """
    own = models.filter((pl.col("model") != "none") & (pl.col("model_segment") != ALL))
    own = own.select("business_unit", "model_segment", segment=pl.col("model_segment"))
    joined = summaries.join(own, on=["business_unit", "segment"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("model_segment").fill_null(ALL))


def counted(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Return the distinct values of some columns, sorted, with the ``customers`` behind each."""
    customers = pl.len().cast(pl.Int64).alias("customers")
    return rows.group_by(columns).agg(customers).sort(columns)
