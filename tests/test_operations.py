"""Each word of the mapping language, on a few cells."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from etl.mapping.build import column_of
from etl.mapping.operations import (
    DOCUMENT,
    as_delivered,
    cleaned,
    count_name,
    delivered,
    is_refused,
    is_unknown,
    mapped,
    operated,
)


def run(spec: dict[str, Any], **columns: list[str | None]) -> list[str | None]:
    """Return the text of a column spec over source columns."""
    column = column_of("any", spec)
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    text = operated(delivered(column), column)
    return frame.select(mapped(text, column).alias("text"))["text"].to_list()


def test_from_takes_the_column() -> None:
    assert run({"from": "a"}, a=["x", None]) == ["x", None]


def test_const_is_the_same_everywhere() -> None:
    assert run({"const": False, "default": None}) == ["false"]
    assert run({"const": 7}) == ["7"]


def test_coalesce_takes_the_first_that_is_not_null() -> None:
    assert run({"coalesce": ["a", "b"]}, a=["x", None, None], b=["y", "z", None]) == [
        "x", "z", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("op", "text", "expected"),
    [
        ("strip", " a b ", "a b"),
        ("strip", "  ", None),
        ("lower", "ÄB", "äb"),
        ("upper", "äb", "ÄB"),
        ("strip_apostrophe", "'00123", "00123"),
        ("strip_apostrophe", "O'Neil", "O'Neil"),
        ("digits_only", "+49 (30) 12-3", "4930123"),
        ("digits_only", "none", None),
        ("hash", "abc", "ba7816bf8f01cfea414140de5dae2223"),
        ("expand_exponent", "3.5E8", "350000000"),
        ("expand_exponent", "-1.25e+3", "-1250"),
        ("expand_exponent", "12345678901234567890.5e-1", "1234567890123456789.05"),
        ("expand_exponent", "12.50", "12.50"),
        ("expand_exponent", "1e999", "1e999"),
        ("expand_exponent", "e5", "e5"),
        ({"split_list": ";"}, "9001;9002", "9001"),
        ({"split_list": ";", "take": "last"}, "9001;9002", "9002"),
        ({"split_list": ";"}, ";9002", None),
    ],
)
def test_text_operations(op: object, text: str, expected: str | None) -> None:
    assert run({"from": "a", "ops": [op]}, a=[text, None]) == [expected, None]


SALESFORCE_IDS = {
    "001D000000IqhSL": "001D000000IqhSLIAZ",  # as Salesforce's own documentation writes it
    "001D000000IqhSLIAZ": "001D000000IqhSLIAZ",
    "000000000000000": "000000000000000AAA",
    "ABCDEFGHIJKLMNO": "ABCDEFGHIJKLMNO555",
    "AbCdEfGhIjKlMnO": "AbCdEfGhIjKlMnOVKV",
    "001D000000IqhSLIAA": None,  # the check of another id
    "001d000000iqhsliaz": None,  # lower case: the case is what tells two ids apart
    "001D000000IqhS": None,
    "001D000000IqhSL ": None,
    "001D000000IqhS-": None,
    "Rita Stone": None,
}


@pytest.mark.parametrize("text", SALESFORCE_IDS)
def test_a_salesforce_id_gets_its_check_or_refuses_the_text(text: str) -> None:
    spec = {"from": "a", "ops": ["salesforce_id"]}
    assert run(spec, a=[text, None]) == [SALESFORCE_IDS[text], None]
    column = column_of("any", spec)
    after = operated(pl.col("a"), column)
    found = pl.DataFrame({"a": [text, None]}).select(
        refused=is_refused(after, column), text=as_delivered(after)
    )
    assert found["refused"].to_list() == [SALESFORCE_IDS[text] is None, None]
    assert found["text"][0] == (SALESFORCE_IDS[text] or text)


def test_ids_that_differ_in_case_only_stay_two() -> None:
    found = run({"from": "a", "ops": ["salesforce_id"]}, a=["001D000000IqhSL", "001D000000iqhSL"])
    assert len({text.lower() for text in found if text}) == 2


def test_operations_run_in_the_order_written() -> None:
    ops = [{"split_list": ","}, "strip", "upper"]
    assert run({"from": "a", "ops": ops}, a=[" b , c"]) == ["B"]


def test_map_translates_and_refuses_what_it_does_not_list() -> None:
    spec = {"from": "a", "ops": ["lower"], "map": {"paid": "completed", "void": "cancelled"}}
    assert run(spec, a=["PAID", "void", "open", None]) == ["completed", "cancelled", None, None]
    column = column_of("any", spec)
    unknown = pl.DataFrame({"a": ["paid", "open", None]}).select(is_unknown(pl.col("a"), column))
    assert unknown.to_series().to_list() == [False, True, False]


@pytest.mark.parametrize(
    ("on_unknown", "expected"),
    [(None, [None, None]), ("null", [None, None]), ({"const": "other"}, ["other", None])],
)
def test_on_unknown_may_let_the_row_pass(on_unknown: object, expected: list[str | None]) -> None:
    spec = {"from": "a", "map": {"x": "y"}, "on_unknown": on_unknown}
    assert run(spec, a=["z", None]) == expected
    unknown = pl.DataFrame({"a": ["z"]}).select(is_unknown(pl.col("a"), column_of("any", spec)))
    assert unknown.item() is False


def test_default_fills_what_is_null_after_the_map() -> None:
    spec = {"from": "a", "map": {"x": "y"}, "on_unknown": "null", "default": "d"}
    assert run(spec, a=["x", "z", None]) == ["y", "d", "d"]


def test_row_number_counts_within_the_document() -> None:
    column = column_of("line_no", {"op": "row_number"})
    frame = pl.DataFrame({DOCUMENT: [0, 0, 1, 1, 1]})
    assert frame.select(delivered(column)).to_series().to_list() == ["1", "2", "1", "2", "3"]


def test_occurrence_fills_its_format_and_needs_all_its_columns() -> None:
    spec = {"op": "occurrence", "of": ["c", "d"], "format": "{c}/{d}#{n}"}
    frame = pl.DataFrame(
        {"c": ["7", "7", None], "d": ["1", "1", "1"], count_name(("c", "d")): [1, 2, 1]}
    )
    column = column_of("order_no", spec)
    assert frame.select(delivered(column)).to_series().to_list() == ["7/1#1", "7/1#2", None]


def test_null_tokens_are_compared_with_the_whole_text() -> None:
    frame = pl.DataFrame({"a": ["", "NULL", "Null", "n/a", " "]})
    found = frame.select(cleaned("a", ("NULL", "n/a"))).to_series().to_list()
    assert found == [None, None, "Null", None, " "]
