"""The table of reason codes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from etl.contract import TABLES
from etl.errors import FileRejected, LoyaltyError
from etl.ingest.reason_page import PAGE, page
from etl.ingest.reasons import REASONS, file_rejected, reason, rule_code

ETL = Path(__file__).parents[1] / "etl"
FIELDS = dict.fromkeys(
    ("column", "detail", "encoding", "expected", "found", "position", "record", "records",
     "rejected"),
    "X",
)  # fmt: skip


@pytest.mark.parametrize("code", sorted(REASONS))
def test_each_code_says_what_and_what_to_do(code: str) -> None:
    entry = REASONS[code]
    assert entry.code == code
    assert re.fullmatch("[A-Z][A-Z0-9_]+", code)
    assert entry.level in {"file", "row"}
    message = entry.message.format(**FIELDS)
    assert message.endswith(".") and "{" not in message
    assert entry.todo.endswith(".")


@pytest.mark.parametrize("code", [c for c, r in REASONS.items() if r.level == "row"])
def test_messages_about_rows_name_a_column_at_most(code: str) -> None:
    assert set(re.findall(r"\{(\w+)\}", REASONS[code].message)) <= {"column"}


def test_rules_of_the_contract_have_codes_of_their_own() -> None:
    code = rule_code("score_on_scale")
    assert code == "RULE_SCORE_ON_SCALE"
    assert reason(code).level == "row"
    assert "score_on_scale" in reason(code).message


@pytest.mark.parametrize("code", ["", "NO_SUCH_CODE", "RULE_", "RULE_x y"])
def test_an_unknown_code_is_refused(code: str) -> None:
    with pytest.raises(LoyaltyError, match="is not a reason code"):
        reason(code)


def test_the_page_of_codes_says_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "Write it anew: make reasons"
    assert all(f"| `{code}` | " in page() for code in REASONS)


def test_every_rule_of_the_contract_is_explained() -> None:
    explained = {rule for table in TABLES.values() for rule in table.rules.items()}
    assert ("score_on_scale", "An answer outside its own scale has no meaning.") in explained
    assert all(text.endswith(".") for _, text in explained)


def test_a_file_rejection_carries_code_place_and_advice() -> None:
    error = file_rejected("MANIFEST_ROWS", "a.csv", found=1, expected=2)
    assert isinstance(error, FileRejected)
    assert error.as_dict() == {
        "code": "MANIFEST_ROWS",
        "what": "It holds 1 records; the manifest promises 2.",
        "where": "a.csv",
        "todo": "Have the file sent again.",
    }


def test_every_file_code_written_in_the_code_is_in_the_table() -> None:
    used = set()
    for path in ETL.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "file_rejected":
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    used.add(first.value)
    assert used
    assert {REASONS[code].level for code in used} == {"file"}
