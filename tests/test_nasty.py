"""The corpus of nasty deliveries: nothing silent, no crash, the exact reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.ingest.reasons import REASONS
from tests.nasty.corpus import CORPUS, run

# What one file alone cannot show, and where it is shown.
SHOWN_ELSEWHERE = {
    "AMBIGUOUS_EXPORT": "test_discover",
    "NAME_NOT_USABLE": "test_landing",
    "OUTSIDE_LANDING": "test_gate",
    "UNREADABLE": "test_gate",
    "CHANGED_WHILE_READ": "test_gate",
    "SPLIT_DOCUMENT": "test_extract",
    "SIBLING_REJECTED": "test_extract",
    "NOT_AN_INTEGER": "test_casts",
    "NOT_A_FLAG": "test_casts",
    "NOT_A_DATE": "test_casts",
    "TOO_MANY_COLUMNS": "test_workbook",
}


@pytest.mark.parametrize("name", CORPUS)
def test_a_nasty_delivery_becomes_what_the_table_says(tmp_path: Path, name: str) -> None:
    finding = run(CORPUS[name], tmp_path)
    assert finding.verdict == "as expected", finding.found


def test_the_corpus_is_large_and_knows_every_reason() -> None:
    codes = {case.code for case in CORPUS.values()} - {""}
    codes |= {reason for case in CORPUS.values() for _, _, reason in case.refused}
    assert len({case.content for case in CORPUS.values()}) >= 500
    assert set(REASONS) - codes - set(SHOWN_ELSEWHERE) == set(), "A new reason needs a case."
    for code, module in SHOWN_ELSEWHERE.items():
        assert code in Path(__file__).with_name(f"{module}.py").read_text(encoding="utf-8")


def test_the_corpus_holds_the_rows_of_the_matrix_that_a_file_can_show() -> None:
    rows = {case.row for case in CORPUS.values()}
    assert rows == {"A9", "B1", "B6", "B7", "B8", "B9", "B10", "B11", "C"}
