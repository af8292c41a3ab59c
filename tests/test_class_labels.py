"""Every code that a reader meets has a name in English and in Chinese, and no harsh one."""

from __future__ import annotations

import csv
import re

import pytest

from etl.config import DBT_PROJECT
from etl.warehouse.database import read_only
from tests.company.published import PublishedCompany
from tests.declared import Column, mart_columns

SEEDS = DBT_PROJECT / "seeds"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# The textbooks' own words for people. They may stand in the glossary, to be found there.
HARSH = re.compile(r"terrorist|barnacle|butterfl|stranger|miser|暴徒|人质", re.IGNORECASE)
# Codes of marketing's marts that say how something is known or done, and class nobody.
NO_CLASS = re.compile(
    r"_basis$|_source$|^(rule_id|components_available|arm|channel|outcome|verdict|metric|domain)$"
)
# How a domain's code stands in other columns: what it was before, the highest ever.
VARIANTS = re.compile(r"^previous_|_max$")


def labels() -> dict[tuple[str, str], dict[str, str]]:
    with (SEEDS / "class_labels.csv").open(newline="", encoding="utf-8") as file:
        return {(row["domain"], row["code"]): row for row in csv.DictReader(file)}


def domains() -> set[str]:
    return {domain for domain, _ in labels()}


def domain_of(column: Column) -> str:
    """The domain whose codes a column carries."""
    return str(column.meta.get("domain") or VARIANTS.sub("", column.name))


def class_columns() -> list[Column]:
    """The columns that carry classes, whether their codes have labels or not."""
    return [
        column
        for column in mart_columns()
        if not NO_CLASS.search(column.name)
        and (
            (column.codes and (column.audience == "marketing" or column.mart == "customers"))
            or domain_of(column) in domains()
        )
    ]


def unlabelled(columns: list[Column]) -> list[str]:
    known = labels()
    return [
        f"{column.mart}.{column.name}: {code}"
        for column in columns
        for code in column.codes
        if (domain_of(column), code) not in known
    ]


def test_every_code_of_a_class_column_has_a_label() -> None:
    assert not unlabelled(class_columns())
    assert {"satisfaction_loyalty_class", "stage", "activity_status", "suppression_reason"} <= {
        column.name for column in class_columns()
    }


def test_a_code_without_a_label_is_found() -> None:
    column = Column("lifecycle_stages", "marketing", "previous_stage", ("stable", "retired"), {})
    assert unlabelled([column]) == ["lifecycle_stages.previous_stage: retired"]
    renamed = Column("any", "marketing", "step", ("stable", "retired"), {"domain": "stage"})
    assert unlabelled([renamed]) == ["any.step: retired"]


def test_every_published_code_has_a_label(published: PublishedCompany) -> None:
    """Also of columns that do not list their codes."""
    known = labels()
    wrong = [
        f"{column.mart}.{column.name}: {code}"
        for column in class_columns()
        for (code,) in published.ask(f"select distinct {column.name} from {column.mart}").rows()
        if code is not None and (domain_of(column), code) not in known
    ]
    assert not wrong


def test_labels_are_english_and_chinese() -> None:
    wrong = [
        key
        for key, row in labels().items()
        if not row["label_en"].strip()
        or "_" in row["label_en"]
        or CHINESE.search(row["label_en"])
        or not CHINESE.search(row["label_zh"])
    ]
    assert not wrong


def test_rules_are_told_in_english_and_chinese() -> None:
    with (SEEDS / "classification_rules.csv").open(newline="", encoding="utf-8") as file:
        rules = list(csv.DictReader(file))
    assert not [row["rule_id"] for row in rules if not row["description_en"].strip()]
    assert not [row["rule_id"] for row in rules if not CHINESE.search(row["description_zh"])]


def test_codes_that_sound_like_no_verdict_say_why() -> None:
    with (SEEDS / "undetermined_classes.csv").open(newline="", encoding="utf-8") as file:
        undetermined = {(row["domain"], row["code"]) for row in csv.DictReader(file)}
    assert not undetermined - set(labels())
    sounds = re.compile(
        r"^(unknown|insufficient|too_new|not_profiled|objected$|no_purchase|no_model)"
    )
    assert not {key for key in labels() if sounds.search(key[1])} - undetermined


@pytest.mark.parametrize("text", ["terrorist", "SL17_TERRORIST", "人质型"])
def test_a_harsh_word_is_found(text: str) -> None:
    assert HARSH.search(text)


def test_codes_and_rules_have_no_harsh_word(published: PublishedCompany) -> None:
    """Only the glossary, class_labels, may say what a textbook calls people."""
    declared = [text for column in mart_columns() for text in (*column.codes, column.name)]
    with read_only(published.database) as connection:
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns()"
            " where data_type = 'VARCHAR' and not internal and table_name <> 'class_labels'"
        ).fetchall()
        said = [
            str(text)
            for mart, column in columns
            for (text,) in connection.execute(
                f'select distinct "{column}" from "{mart}"'
            ).fetchall()
        ]
    assert not [text for text in (*declared, *said) if HARSH.search(text)]
