"""What the reader behind the gate does, should the gate ever let something through."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.errors import LoyaltyError
from etl.ingest.batches import read_batches
from etl.ingest.gate import GatedFile
from tests.test_gate import EXPORT


def test_a_reader_drops_no_field_and_quotes_none(tmp_path: Path) -> None:
    content = b"id,name\n1,a\n2,b,ann@example.com\n"
    size = len(content)
    path = tmp_path / "checked.csv"
    path.write_bytes(content)
    passed = GatedFile(path, "0" * 64, ("id", "name"), 2, size, {}, blocks=(size,))
    with pytest.raises(LoyaltyError) as caught:
        list(read_batches(passed, EXPORT))
    assert caught.value.code == "READER_DISAGREES"
    assert "example.com" not in str(caught.value)
    assert caught.value.__cause__ is None  # a traceback would show the reader's words
