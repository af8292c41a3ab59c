"""What a close keeps in state: read back before it is called closed, and told where it differs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from etl import close
from etl.clv.closes import MONEY, TOTALS
from etl.clv.rollforward import VALUE, first_close, roll_forward
from etl.errors import DataBlocked, LakeCorrupt
from etl.state import rewrite_state
from etl.warehouse import closing
from etl.warehouse.closes import CLOSED_LINES, CLOSED_VALUES, closed_rows, own_closes
from tests.test_clv_rollforward import KEYS, NO_CHANGES, SCHEMA, customer, frame

DECEMBER = date(2025, 12, 31)


@pytest.fixture(autouse=True)
def no_lake(monkeypatch):
    monkeypatch.setattr(close, "settled_run_id", lambda *_, **__: "basis")
    monkeypatch.setattr(close, "_refuse_unlanded", lambda *_: None)
    monkeypatch.setattr(close, "_show", lambda *_: "shown")


def frozen(settings, *rows):
    values = frame(rows).select(*SCHEMA)
    summary = {
        "as_of_on": DECEMBER,
        "run_id": "run",
        "discount_rate_annual": 0.1,
        "customers": values.height,
        "value_rows": values.height,
        "forecast_rows": values.height,
        **{name: values[name].sum() for name in TOTALS},
        "values_hash": closing._hash(settings, values),
    }
    return closing.Frozen(DECEMBER, values, first_close(values), summary)


@pytest.fixture
def kept(settings):
    return close._keep(settings, frozen(settings, customer()), None, None, "")[1]


def test_a_close_is_the_same_row_now_and_read_back(settings, kept):
    assert own_closes(settings, date.max).to_dicts() == [kept]
    assert kept["discount_rate_annual"] == Decimal("0.100000")
    assert str(kept["discount_rate_annual"]) == "0.100000"


def test_what_does_not_read_back_is_not_closed(settings, monkeypatch):
    def other(settings, commit_id, as_of, rows):
        commit(settings, commit_id, as_of, rows | {CLOSED_VALUES: rows[CLOSED_VALUES].clear()})

    commit = close.commit_state
    monkeypatch.setattr(close, "commit_state", other)
    with pytest.raises(LakeCorrupt, match="What 2025-12-v1 froze"):
        close._keep(settings, frozen(settings, customer()), None, None, "")


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_blank_reason_is_none(settings, kept, reason):
    done = close.close_month(settings, DECEMBER, reason=reason)
    assert (done.outcome, done.close) == (close.CLOSED_ALREADY, kept)


@pytest.mark.parametrize("name", [CLOSED_VALUES, CLOSED_LINES])
def test_a_close_whose_frozen_rows_changed_does_not_stand(settings, kept, name):
    (path,) = (settings.state / name).glob("*.parquet")
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(LakeCorrupt, match=name):
        close.close_month(settings, DECEMBER)


def test_a_month_before_the_calendar_is_not_asked_for(settings, kept):
    with pytest.raises(DataBlocked, match="0001-01 is not the next month") as refused:
        close.close_month(settings, date(1, 1, 1))
    assert refused.value.code == "NOT_CLOSABLE"
    assert close._latest(own_closes(settings, date.max), None) is None


def moved(found, **amounts):
    """The same close with other amounts in some lines."""
    line = pl.col("line").replace_strict(amounts, default=None, return_dtype=pl.Int64())
    amount = pl.coalesce(line.cast(MONEY), "amount").alias("amount")
    return replace(found, lines=found.lines.with_columns(amount))


def test_the_first_difference_is_a_total_or_a_line_with_both_amounts(settings, kept):
    same = frozen(settings, customer())
    lines = closed_rows(settings, CLOSED_LINES, kept["close_id"])
    assert closing.first_difference(same, kept, lines).startswith("rows of single customers")
    found = moved(same, churned=-3, refit=3)
    told = "churned of shop: 0.0000 frozen, -3.0000 now"
    assert closing.first_difference(found, kept, lines) == told
    with pytest.raises(DataBlocked, match=told) as refused:
        close._keep(settings, found, kept, None, "")
    assert refused.value.code == "ALREADY_CLOSED"
    other = frozen(settings, customer(value="90"))
    told = f"{VALUE}: 100.0000 frozen, 90.0000 now"
    assert closing.first_difference(other, kept, lines) == told
    less = replace(same, lines=same.lines.clear())
    told = "opening of shop: 0.0000 frozen, no such line now"
    assert closing.first_difference(less, kept, lines) == told


@pytest.fixture
def erased(settings):
    """A close of two customers, one of whom was erased since."""
    found = frozen(settings, customer(), customer("b"))
    row = close._keep(settings, found, None, None, "")[1]
    rewrite_state(settings, CLOSED_VALUES, "e", lambda r: r.filter(pl.col("customer_key") != "b"))
    return row


def test_a_close_that_lost_a_person_to_an_erasure_still_stands(settings, erased):
    closing.verify_frozen(settings, erased)
    assert own_closes(settings, date.max).to_dicts() == [erased]


def test_a_close_that_lost_a_row_to_nobody_does_not(settings, erased):
    with pytest.raises(LakeCorrupt):
        closing.verify_frozen(settings, erased | {"value_rows": erased["value_rows"] + 1})


def test_the_next_month_opens_with_what_was_closed_though_a_person_is_gone(settings, erased):
    opening = closing.opening_of(settings, erased["close_id"])
    assert opening[VALUE].sum() == erased[VALUE]
    assert opening["customer_key"].to_list()[1:] == ["erased"]
    unused = opening.drop("customer_key", "business_unit", "close_id", VALUE)[-1]
    assert all(value is None for value in unused.row(0))
    changes = pl.DataFrame(NO_CHANGES, schema=KEYS)
    lines = roll_forward(opening, frame([]), changes, DECEMBER, date(2026, 1, 31), 0.0)
    amounts = dict(lines.select("line", "amount").iter_rows())
    assert amounts["opening"] == erased[VALUE]
    assert amounts["merges_and_erasures"] == -erased[VALUE]
