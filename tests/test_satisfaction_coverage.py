"""How sure the shares of the loyalty classes are: intervals against published ones."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

from etl.reports import find_report


def answered(**groups: tuple[str, int, int]) -> pl.DataFrame:
    """Ask the report about customers in groups: class of those who answered, answers, customers."""
    rows = [
        (
            loyalty_class if nth < answers else "unknown_satisfaction",
            segment,
            0.5 if nth < answers else None,
        )
        for segment, (loyalty_class, answers, customers) in groups.items()
        for nth in range(customers)
    ]
    segments = pl.DataFrame(
        rows,
        schema={
            "satisfaction_loyalty_class": pl.String,
            "behavioural_segment": pl.String,
            "satisfaction_score": pl.Float64,
        },
        orient="row",
    )
    with duckdb.connect() as connection:
        connection.register("loyalty_segments", segments)
        return connection.execute(find_report("satisfaction_coverage").sql).pl()


def interval(
    report: pl.DataFrame, measure: str, loyalty_class: str = "all"
) -> tuple[float, float, float]:
    """Return share, lower and upper bound of one row."""
    row = report.row(
        by_predicate=(pl.col("measure") == measure)
        & (pl.col("satisfaction_loyalty_class") == loyalty_class),
        named=True,
    )
    return float(row["share"]), float(row["share_low"]), float(row["share_high"])


# Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3.
@pytest.mark.parametrize(
    ("answers", "customers", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611),
     (1, 29, 0.0061, 0.1718)],
)  # fmt: skip
def test_coverage_has_the_published_interval(
    answers: int, customers: int, low: float, high: float
) -> None:
    report = answered(occasional=("mercenary", answers, customers))
    _, found_low, found_high = interval(report, "coverage")
    assert (found_low, found_high) == pytest.approx((low, high), abs=0.00011)


def test_an_answer_stands_for_its_segment() -> None:
    """Half of the answers, but a tenth of the customers; ten uneven answers count as 6.1."""
    report = answered(frequent=("loyalist", 5, 10), lapsed=("defector", 5, 90))
    assert interval(report, "share_of_answers", "loyalist")[0] == 0.5
    assert interval(report, "response_weighted_share", "loyalist")[0] == 0.1
    assert interval(report, "response_weighted_share", "defector")[0] == 0.9
    weighted = report.filter(pl.col("measure") == "response_weighted_share")
    assert [float(n) for n in weighted["effective_n"].unique()] == [6.1]


def test_a_class_nobody_is_in_has_an_upper_bound() -> None:
    share, low, high = interval(
        answered(frequent=("loyalist", 20, 20)), "share_of_answers", "hostage"
    )
    assert (share, low) == (0.0, 0.0)
    assert high == pytest.approx(0.1611, abs=0.00011)


def test_without_customers_nothing_is_known() -> None:
    report = answered()
    assert report["share"].null_count() == report.height
