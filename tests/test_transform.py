"""What a failed dbt run tells: which node and what kind of failure, never what a cell held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from etl.errors import DataBlocked, LoyaltyError
from etl.warehouse.transform import _raise_on_failure

CAST = """Runtime Error in model stg_orders (models/staging/stg_orders.sql)
  Conversion Error: Could not convert string 'Ann Example' to DECIMAL(18,4)

  LINE 12: cast(total as decimal(18, 4))"""
UNDEFINED = """Compilation Error in model stg_orders (models/staging/stg_orders.sql)
  'money' is undefined. This can happen when calling a macro that does not exist."""


def result(status: str, message: str | None, node: str = "stg_orders") -> dict[str, Any]:
    return {"node": node, "status": status, "message": message or ""}


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (CAST, "stg_orders (Conversion Error)"),
        (CAST.splitlines()[1], "stg_orders (Conversion Error)"),
        (UNDEFINED, f"stg_orders ({UNDEFINED.splitlines()[0]})"),
        ("Ann Example: no such customer\nAnn Example", "stg_orders (see the log)"),
        (None, "stg_orders (see the log)"),
    ],
)
def test_an_error_names_node_and_kind_but_no_cell(message: str | None, shown: str) -> None:
    with pytest.raises(LoyaltyError) as caught:
        _raise_on_failure([result("error", message)], Path("target"))
    assert caught.value.code == "TRANSFORM_FAILED"
    assert caught.value.what.endswith(f": {shown}")


def test_failed_checks_are_named_up_to_ten() -> None:
    failed = [result("fail", "Got 3 results, configured to fail if != 0", f"t{n}")
              for n in range(12)]  # fmt: skip
    with pytest.raises(DataBlocked, match="12 checks failed") as caught:
        _raise_on_failure([result("pass", ""), *failed], Path("target"))
    assert "t0 (Got 3 results, configured to fail if != 0); t1 " in caught.value.what
    assert caught.value.what.endswith("and 2 more.")
