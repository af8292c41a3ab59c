"""Text to types: a value arrives exactly as written or is refused with the right reason."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.mapping import casts
from etl.mapping.casts import DECIMALS, Cast, typed, why_bad


def read(text: str, cast: Cast) -> object:
    """Return the value of a text, or the reason code when there is none."""
    frame = pl.DataFrame({"text": [text]}, schema={"text": pl.String})
    value, reason = frame.select(
        typed(pl.col("text"), cast).alias("value"), why_bad(pl.col("text"), cast).alias("reason")
    ).row(0)
    return reason if value is None else value


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", Decimal("12")),
        ("-0.0001", Decimal("-0.0001")),
        ("007.50", Decimal("7.5")),
        ("99999999999999.9999", Decimal("99999999999999.9999")),
        ("100000000000000", "OUT_OF_RANGE"),
        ("1.00005", "TOO_MANY_DECIMALS"),
        ("1.", "NOT_A_NUMBER"),
        (".5", "NOT_A_NUMBER"),
        ("+1", "NOT_A_NUMBER"),
        ("1,000", "NOT_A_NUMBER"),
        ("1,5", "NOT_A_NUMBER"),
        ("$5", "NOT_A_NUMBER"),
        ("(12.50)", "NOT_A_NUMBER"),
        ("1e3", "NOT_A_NUMBER"),
        ("1e400", "NOT_A_NUMBER"),
        ("NaN", "NOT_A_NUMBER"),
        ("inf", "NOT_A_NUMBER"),
        (" 1", "NOT_A_NUMBER"),
        ("1\n", "NOT_A_NUMBER"),
        ("１２", "NOT_A_NUMBER"),
        ("٣", "NOT_A_NUMBER"),
        ("0x10", "NOT_A_NUMBER"),
        ("1 000", "NOT_A_NUMBER"),
    ],
)
def test_money(text: str, expected: object) -> None:
    assert read(text, Cast("money")) == expected


def test_the_decimal_mark_is_the_declared_one() -> None:
    assert read("1,25", Cast("money", decimal_mark=",")) == Decimal("1.25")
    assert read("1.25", Cast("money", decimal_mark=",")) == "NOT_A_NUMBER"
    assert read("1,00001", Cast("money", decimal_mark=",")) == "TOO_MANY_DECIMALS"


@pytest.mark.parametrize("kind", sorted(DECIMALS))
def test_each_decimal_kind_keeps_its_decimals_and_no_more(kind: str) -> None:
    _, scale = DECIMALS[kind]
    assert read(f"1.{'7' * scale}", Cast(kind)) == Decimal(f"1.{'7' * scale}")
    assert read(f"1.{'7' * scale}1", Cast(kind)) == "TOO_MANY_DECIMALS"


def test_negate_turns_the_sign() -> None:
    assert read("2.50", Cast("money", negate=True)) == Decimal("-2.5")
    assert read("-3", Cast("integer", negate=True)) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9223372036854775807", 9223372036854775807),
        ("9223372036854775808", "OUT_OF_RANGE"),
        ("-5", -5),
        ("1.0", "NOT_AN_INTEGER"),
        ("1.23E+15", "NOT_AN_INTEGER"),
        ("５", "NOT_AN_INTEGER"),
    ],
)
def test_integers(text: str, expected: object) -> None:
    assert read(text, Cast("integer")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("TRUE", True), ("t", True), ("Yes", True), ("Y", True), ("1", True), ("false", False),
     ("F", False), ("no", False), ("n", False), ("0", False), ("2", "NOT_A_FLAG"),
     ("ja", "NOT_A_FLAG"), ("true ", "NOT_A_FLAG")],
)  # fmt: skip
def test_flags(text: str, expected: object) -> None:
    assert read(text, Cast("flag")) == expected


@pytest.mark.parametrize(
    ("text", "parse", "expected"),
    [
        ("2024-02-29", None, date(2024, 2, 29)),
        ("2023-02-29", None, "NOT_A_DATE"),
        ("2024-2-9", None, "NOT_A_DATE"),
        ("20240229", None, "NOT_A_DATE"),
        ("2024-02-29 10:00:00", None, "NOT_A_DATE"),
        ("２０２４-02-29", None, "NOT_A_DATE"),
        ("45351", None, "NOT_A_DATE"),
        ("29/02/2024", "%d/%m/%Y", date(2024, 2, 29)),
        ("02/29/2024", "%d/%m/%Y", "NOT_A_DATE"),
        ("2024年02月29日", "%Y年%m月%d日", date(2024, 2, 29)),
        ("2024-02-29 10:00:00", "%Y-%m-%d %H:%M:%S", date(2024, 2, 29)),
        ("17-01-05", "%Y-%m-%d", "NOT_A_DATE"),
        ("1899-12-31", None, "NOT_A_DATE"),
    ],
)
def test_days(text: str, parse: str | None, expected: object) -> None:
    assert read(text, Cast("day", parse=parse)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-30T12:00:00Z", utc(2024, 5, 30, 12)),
        ("2024-05-30 12:00:00+02:00", utc(2024, 5, 30, 10)),
        ("2024-05-30T12:00:00-0530", utc(2024, 5, 30, 17, 30)),
        ("2024-05-30T12:00Z", utc(2024, 5, 30, 12)),
        ("2024-05-30T12:00:00.123456Z", utc(2024, 5, 30, 12, 0, 0, 123456)),
        ("2024-05-30 12:00:00", utc(2024, 5, 30, 16)),
        ("2024-05-30T12:00", utc(2024, 5, 30, 16)),
        ("2024-05-30 12:00:00.5", utc(2024, 5, 30, 16, 0, 0, 500000)),
        ("2024-05-30", "NOT_AN_INSTANT"),
        ("2024-05-30 24:00:00", "NOT_AN_INSTANT"),
        ("2024-05-30 12:00:00.1234567", "NOT_AN_INSTANT"),
        ("2024-05-30 12:00:00 EST", "NOT_AN_INSTANT"),
        ("1717070400", "NOT_AN_INSTANT"),
        ("2024-03-10 02:30:00", "NONEXISTENT_TIME"),
        ("2024-11-03 01:30:00", "AMBIGUOUS_TIME"),
        ("2024-11-03T01:30:00-05:00", utc(2024, 11, 3, 6, 30)),
    ],
)
def test_iso_instants_without_offset_are_read_in_the_declared_zone(
    text: str, expected: object
) -> None:
    assert read(text, Cast("instant", time_zone="America/New_York")) == expected


@pytest.mark.parametrize(
    ("text", "parse", "expected"),
    [
        ("30.05.2024 12:00", "%d.%m.%Y %H:%M", utc(2024, 5, 30, 10)),
        ("20240530", "%Y%m%d", utc(2024, 5, 29, 22)),
        ("2024-05-30 12:00:00 -0400", "%Y-%m-%d %H:%M:%S %z", utc(2024, 5, 30, 16)),
        ("2024-05-30 12:00:00", "%Y-%m-%d %H:%M:%S %z", "NOT_AN_INSTANT"),
        ("05/30/2024 12:00 PM", "%m/%d/%Y %I:%M %p", utc(2024, 5, 30, 10)),
        ("30.05.24 12:00", "%d.%m.%Y %H:%M", "NOT_AN_INSTANT"),
        ("31.03.2024 02:30", "%d.%m.%Y %H:%M", "NONEXISTENT_TIME"),
        ("27.10.2024 02:30", "%d.%m.%Y %H:%M", "AMBIGUOUS_TIME"),
    ],
)
def test_parsed_instants(text: str, parse: str, expected: object) -> None:
    assert read(text, Cast("instant", parse=parse, time_zone="Europe/Berlin")) == expected


ODD_INSTANTS = st.builds(
    "{}-{}-{}{}{}:{}{}{}{}".format,
    st.sampled_from(["1899", "1909", "1910", "2024", "8999", "9999", "0017"]),
    st.sampled_from(["00", "02", "03", "11", "13"]),
    st.sampled_from(["00", "01", "03", "10", "30", "31", "32"]),
    st.sampled_from(["T", " ", "t", "  "]),
    st.sampled_from(["00", "01", "02", "12", "23", "24"]),
    st.sampled_from(["00", "30", "59", "60"]),
    st.sampled_from(["", ":00", ":59", ":60", ":5"]),
    st.sampled_from(["", ".5", ".123", ".123456", ".1234567", "."]),
    st.sampled_from(["", "Z", "+00:00", "-00:00", "+0000", "-0530", "+14:30", "+15:00", "+02"]),
)


@given(st.lists(ODD_INSTANTS | st.none() | st.just("2024-05-30T12:00:00+02:00"), min_size=1))
@settings(deadline=None)
def test_neighbours_written_otherwise_change_no_instant(texts: list[str | None]) -> None:
    """All of a column are read by its layouts, each text alone by every way there is."""
    cast = Cast("instant", time_zone="America/New_York", shift_days=1)
    column = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    found = column.select(typed(pl.col("text"), cast)).to_series().to_list()
    alone = column.select(casts._any_iso_instant(pl.col("text"), cast)).to_series().to_list()
    assert found == alone


def test_a_constant_is_read_once_for_all_rows() -> None:
    frame = pl.DataFrame({"row": [1, 2]})
    made = frame.with_columns(typed(pl.lit("2024-05-30T12:00:00Z"), Cast("instant")).alias("at"))
    assert made["at"].to_list() == [utc(2024, 5, 30, 12)] * 2


def test_days_are_shifted_on_the_clock_of_the_zone() -> None:
    cast = Cast("instant", time_zone="America/New_York", shift_days=1)
    # The clocks go forward in between: the clock time stays, the distance is 23 hours.
    assert read("2024-03-09 12:00:00", cast) == utc(2024, 3, 10, 16)
    assert read("2024-03-09 02:30:00", cast) == "NONEXISTENT_TIME"
    assert read("1998-06-30", Cast("day", shift_days=7119)) == date(2017, 12, 26)


amounts = st.decimals(
    min_value=Decimal("-99999999999999.9999"), max_value=Decimal("99999999999999.9999"), places=4
)


@given(amounts, st.integers(min_value=0, max_value=6))
@settings(max_examples=200, deadline=None)
def test_money_text_round_trips_exactly_or_is_refused(amount: Decimal, places: int) -> None:
    text = f"{amount:.{places}f}"
    found = read(text, Cast("money"))
    if places > 4:
        assert found == "TOO_MANY_DECIMALS"
    else:
        assert found in (Decimal(text), "OUT_OF_RANGE")
        assert (found == "OUT_OF_RANGE") == (abs(Decimal(text)) >= Decimal(10) ** 14)


@given(st.text(alphabet=st.sampled_from("0123456789.,-+eE $()NaInf٣１"), max_size=12))
@settings(max_examples=300, deadline=None)
def test_whatever_is_read_as_money_says_the_same_number(text: str) -> None:
    found = read(text, Cast("money"))
    if isinstance(found, Decimal):
        assert Decimal(text) == found
        assert text.isascii()
    else:
        assert found in ("NOT_A_NUMBER", "TOO_MANY_DECIMALS", "OUT_OF_RANGE")
