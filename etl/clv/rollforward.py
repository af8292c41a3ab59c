"""What became of last month's customer value: a rollforward that adds up, line by line.

The measure is the residual value: margin expected for ever, discounted to the close's day. What the
models and rates did is taken off first; what is left of a customer's change is behaviour, and goes
into one line by what the customer did. So opening plus lines is closing, to the last decimal.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from etl.clv.closes import MONEY

VALUE = "clv_residual_margin_discounted"
OPENING, RESTATED, FIRST, CLOSING = "opening", "restated_opening", "first_close", "closing"
BEHAVIOUR = (
    "new_customers",
    "won_back",
    "repurchased",
    "churned",
    "profiling_changes",
    "merges_and_erasures",
)
MECHANICS = (
    "discount_unwind",
    "realised_margin",
    "refunds",
    "exchange",
    "refit",
    "margin_rate_change",
    "discount_rate_change",
)
LINES = (
    OPENING,
    RESTATED,
    FIRST,
    "new_customers",
    "discount_unwind",
    "realised_margin",
    "refunds",
    "exchange",
    "won_back",
    "repurchased",
    "churned",
    "refit",
    "margin_rate_change",
    "discount_rate_change",
    "profiling_changes",
    "merges_and_erasures",
    CLOSING,
)
DAYS_PER_YEAR = 365.25
_KEYS = ["customer_key", "business_unit"]
_HISTORY = ("historic_margin", "historic_refunds", "historic_refund_exchange_difference")
_ZERO = pl.lit(0, dtype=MONEY)


def first_close(closing: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of a close that has none before it: all of its value is ``first_close``."""
    valued = closing.select(
        "business_unit",
        _money(VALUE).alias(FIRST),
        _money(VALUE).alias(CLOSING),
    )
    return _lined(valued)


def roll_forward(
    opening: pl.DataFrame,
    closing: pl.DataFrame,
    key_changes: pl.DataFrame,
    opened_on: date,
    closed_on: date,
    discount_rate_annual: float,
) -> pl.DataFrame:
    """Explain the change from one close to the next.

    Args:
        opening: What the close before froze, schema ``clv_closed_values``.
        closing: The same of this close, and ``value_at_opening_terms`` (fits, margin rate and
            discount rate of the opening), ``value_at_opening_rates`` (its margin and discount
            rates, today's fits) and ``value_at_opening_margin`` (its margin rate alone); money,
            null where there is no forecast.
        key_changes: What customer keys became since the opening: ``old_key``, ``new_key``,
            ``current_key``.
        opened_on: Day of the close before.
        closed_on: Day of this close.
        discount_rate_annual: That of the opening, per year.

    Returns:
        One row per business unit and line: ``business_unit``, ``line_no``, ``line``, ``amount``.
    """
    both = _rekeyed(opening, key_changes).join(
        _ended(closing), on=_KEYS, how="full", coalesce=True, nulls_equal=True
    )
    unwind = (1.0 + discount_rate_annual) ** ((closed_on - opened_on).days / DAYS_PER_YEAR) - 1.0
    moved = _mechanics(_classed(both, key_changes, opened_on), unwind)
    explained = pl.sum_horizontal("opening", *MECHANICS)
    left = (pl.col(CLOSING) - explained).cast(MONEY)
    return _lined(
        moved.with_columns(
            pl.when(pl.col("behaviour") == line).then(left).otherwise(_ZERO).alias(line)
            for line in BEHAVIOUR
        )
    )


def _rekeyed(opening: pl.DataFrame, key_changes: pl.DataFrame) -> pl.DataFrame:
    """Put the opening under the keys of today; customers who became one are summed."""
    current = key_changes.select(customer_key="old_key", current_key="current_key").unique()
    found = opening.join(current.with_columns(is_changed=True), on="customer_key", how="left")
    gone = pl.concat_str(pl.lit("gone:"), "customer_key")
    key = pl.when("is_changed").then(pl.coalesce("current_key", gone)).otherwise("customer_key")
    return (
        found.with_columns(key.alias("customer_key"))
        .group_by(_KEYS)
        .agg(
            pl.len().alias("opening_rows"),
            _money(VALUE).sum().cast(MONEY).alias(OPENING),
            _is_valued().any().alias("was_valued"),
            pl.col("repeat_orders").sum().alias("opening_repeat_orders"),
            pl.col("lapses_on").max().alias("opening_lapses_on"),
            _is_excluded().any().alias("was_excluded"),
            *(_money(name).sum().cast(MONEY).alias(f"opening_{name}") for name in _HISTORY),
        )
    )


def _ended(closing: pl.DataFrame) -> pl.DataFrame:
    return closing.select(
        *_KEYS,
        "repeat_orders",
        "first_ordered_on",
        "last_ordered_on",
        _is_excluded().alias("is_excluded"),
        _is_valued().alias("is_valued"),
        _money(VALUE).alias(CLOSING),
        _money("value_at_opening_terms"),
        _money("value_at_opening_rates"),
        _money("value_at_opening_margin"),
        *(_money(name) for name in _HISTORY),
    )


def _classed(both: pl.DataFrame, key_changes: pl.DataFrame, opened_on: date) -> pl.DataFrame:
    """Say of each customer in which line of behaviour what is left of the change belongs."""
    touched = pl.concat([key_changes["old_key"], key_changes["new_key"]]).drop_nulls().unique()
    is_touched = pl.col("customer_key").is_in(touched.implode())
    opened, closed = pl.col("opening_rows").is_not_null(), pl.col(CLOSING).is_not_null()
    more_orders = pl.col("repeat_orders") > pl.col("opening_repeat_orders")
    fewer_orders = pl.col("repeat_orders") < pl.col("opening_repeat_orders")
    ordered = (pl.col("last_ordered_on") > opened_on) | more_orders
    is_other = (
        ~closed
        | (pl.col("opening_rows") > 1)
        | (is_touched & fewer_orders)
        | (~opened & is_touched & (pl.col("first_ordered_on") <= opened_on))
    )
    return both.with_columns(
        closed.alias("is_there"),
        pl.when((pl.col("is_excluded") != pl.col("was_excluded")).fill_null(value=False))
        .then(pl.lit("profiling_changes"))
        .when(is_other.fill_null(value=False))
        .then(pl.lit("merges_and_erasures"))
        .when(~opened)
        .then(pl.lit("new_customers"))
        .when((ordered & (pl.col("opening_lapses_on") <= opened_on)).fill_null(value=False))
        .then(pl.lit("won_back"))
        .when(ordered.fill_null(value=False))
        .then(pl.lit("repurchased"))
        .otherwise(pl.lit("churned"))
        .alias("behaviour"),
    )


def _mechanics(both: pl.DataFrame, unwind: float) -> pl.DataFrame:
    """Add what time, money earned and new terms did.

    Nothing for customers who are gone, nor for those without a forecast at either close: money that
    nobody had expected takes nothing off what is expected.
    """
    grown = {name: _money(name) - _money(f"opening_{name}") for name in _HISTORY}
    margin, refunds, exchange = (grown[name] for name in _HISTORY)
    terms, rates, margins = (
        _money(f"value_at_opening_{name}") for name in ("terms", "rates", "margin")
    )
    of_all = {
        "discount_unwind": (_money(OPENING).cast(pl.Float64) * unwind).round(4).cast(MONEY),
        # Gross of refunds: what was given back has lines of its own.
        "realised_margin": -(margin + refunds),
        "refunds": refunds - exchange,
        "exchange": exchange,
        "refit": rates - terms,
        "discount_rate_change": margins - rates,
        "margin_rate_change": _money(CLOSING) - margins,
    }
    is_valued = (pl.col("was_valued") | pl.col("is_valued")).fill_null(value=False)
    counts = pl.col("is_there") & is_valued
    return both.with_columns(
        _money(OPENING),
        _money(CLOSING),
        *(
            pl.when(counts).then(amount.cast(MONEY)).otherwise(_ZERO).alias(name)
            for name, amount in of_all.items()
        ),
    )


def _lined(amounts: pl.DataFrame) -> pl.DataFrame:
    """Sum each line per business unit and set the lines below each other; every line is there."""
    present = [line for line in LINES if line in amounts.columns]
    summed = amounts.group_by("business_unit").agg(pl.col(present).sum().cast(MONEY))
    every = summed.with_columns(
        _ZERO.alias(line) for line in LINES if line not in summed.columns
    ).select("business_unit", *LINES)
    numbers = pl.DataFrame({"line": LINES, "line_no": range(1, len(LINES) + 1)})
    return (
        every.unpivot(on=LINES, index="business_unit", variable_name="line", value_name="amount")
        .join(numbers, on="line")
        .select("business_unit", pl.col("line_no").cast(pl.Int64), "line", pl.col("amount"))
        .sort("business_unit", "line_no")
    )


def _is_excluded() -> pl.Expr:
    """Whoever must not be profiled has no forecast; that is no behaviour."""
    return pl.col("rule_id").str.starts_with("CV4")


def _is_valued() -> pl.Expr:
    return pl.col(VALUE).is_not_null()


def _money(name: str) -> pl.Expr:
    return pl.col(name).cast(MONEY).fill_null(_ZERO).alias(name)
