"""What is for internal use only does not leave: no list for others and no wide row carries it."""

from __future__ import annotations

import csv
import re

import pytest

from etl.config import DBT_PROJECT
from tests.company.published import PublishedCompany
from tests.declared import Column, columns_of, mart_columns, mart_names, sql_of
from tests.test_class_labels import labels

# What a price or a weakness could be made of, whichever mart carries it.
ALWAYS_INTERNAL = re.compile(
    r"discount_(share|dependence)|price_sensitiv|offer_ceiling|switching_barrier|hostage_risk"
    r"|lock_in|internal_grade|^satisfaction_loyalty_subclass$"
)

# What textbooks call people; a list that leaves says what is meant instead.
TEXTBOOK = re.compile(
    r"loyalist|mercenar|hostage|defector|apostle|terrorist|trapped|critic|barnacle|butterfl"
    r"|stranger|friend|miser|suspect",
    re.IGNORECASE,
)


def closed_to_others() -> set[str]:
    """Names that some mart tags internal or sensitive; a column keeps its tag under its name."""
    return {
        column.name
        for column in mart_columns()
        if column.meta.get("internal") or column.meta.get("sensitive")
    }


def leaving() -> list[str]:
    """Marts that leave the company or are open to all readers."""
    return sorted(n for n in mart_names() if n.startswith("export_") or n == "customer_360")


def leaked(columns: list[Column]) -> list[str]:
    return [
        f"{column.mart}.{column.name}"
        for column in columns
        if column.name in closed_to_others()
        or ALWAYS_INTERNAL.search(column.name)
        or column.name == "reason"  # the values that decided, discount_share among them
    ]


def test_what_a_price_could_be_made_of_is_tagged() -> None:
    wrong = [
        f"{column.mart}.{column.name}"
        for column in mart_columns()
        if ALWAYS_INTERNAL.search(column.name) and not column.meta.get("internal")
    ]
    assert not wrong
    assert {"discount_share", "offer_ceiling", "satisfaction_loyalty_subclass"} <= (
        closed_to_others()
    )


def test_a_column_keeps_its_tag_in_every_mart_of_marketing() -> None:
    tagged = {column.name for column in mart_columns() if column.meta.get("internal")}
    wrong = [
        f"{column.mart}.{column.name}"
        for column in mart_columns()
        if column.audience == "marketing"
        and column.name in tagged
        and not column.meta.get("internal")
    ]
    assert not wrong


@pytest.mark.parametrize("mart", leaving())
def test_no_internal_column_leaves(mart: str) -> None:
    assert not leaked(list(columns_of(mart).values()))


@pytest.mark.parametrize("mart", leaving())
def test_no_internal_column_leaves_under_another_name(mart: str) -> None:
    """The model does not even read one."""
    code = re.sub(r"--[^\n]*|\{#.*?#\}", " ", sql_of(mart), flags=re.DOTALL)
    assert not closed_to_others() & set(re.findall(r"\w+", code))


def test_a_leak_is_found() -> None:
    columns = [
        Column("export_x", "marketing", name, (), {})
        for name in ("customer_key", "offer_ceiling", "has_fraud", "reason", "margin")
    ]
    assert leaked(columns) == [
        "export_x.offer_ceiling", "export_x.has_fraud", "export_x.reason", "export_x.margin"
    ]  # fmt: skip


# ---- what a list says of people ----


def exports() -> list[str]:
    return sorted(name for name in mart_names() if name.startswith("export_"))


def test_satisfaction_and_loyalty_leave_under_neutral_names() -> None:
    """Each class has one; the subclass, which says more, has none and stays."""
    with (DBT_PROJECT / "seeds" / "satisfaction_segments.csv").open(encoding="utf-8") as file:
        leaves_as = {
            row["satisfaction_loyalty_class"]: row["satisfaction_segment"]
            for row in csv.DictReader(file)
        }
    classes = columns_of("loyalty_segments")["satisfaction_loyalty_class"].codes
    assert set(leaves_as) == set(classes)
    assert set(leaves_as.values()) == set(
        columns_of("export_segments")["satisfaction_segment"].codes
    )
    assert {code for domain, code in labels() if domain == "satisfaction_segment"} == set(
        leaves_as.values()
    )
    assert not [code for code in leaves_as.values() if TEXTBOOK.search(code)]


@pytest.mark.parametrize("mart", exports())
def test_no_list_carries_a_textbook_s_name(mart: str, published: PublishedCompany) -> None:
    """Neither as a column or a code it may hold, nor in a row."""
    declared = [t for column in columns_of(mart).values() for t in (column.name, *column.codes)]
    rows = published.ask(f"select * exclude (customer_key) from {mart}")
    said = {str(value) for row in rows.iter_rows() for value in row if value is not None}
    assert rows.height > 0
    assert not [text for text in (*declared, *said) if TEXTBOOK.search(text)]


@pytest.mark.parametrize("text", ["hostage", "previous_trapped", "public_critic", "suspect"])
def test_a_textbook_s_name_is_found(text: str) -> None:
    assert TEXTBOOK.search(text)
