"""The table of guards is true, and its runner tells a guard that is missed from one that is not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benchmarks.mutation.guards import Guard, read_guards
from benchmarks.mutation.running import BROKEN, KILLED, SURVIVED, passing_copy, verdicts
from etl.config import PROJECT_ROOT

GUARDS = read_guards()


def test_every_guard_is_where_its_table_says() -> None:
    """Who changes the line of a guard changes the table; who removes it has to say so there."""
    faults = []
    for guard in GUARDS:
        try:
            disabled = guard.disabled((PROJECT_ROOT / guard.file).read_text(encoding="utf-8"))
            if guard.file.endswith(".py"):
                ast.parse(disabled)
        except (ValueError, SyntaxError, OSError) as error:
            faults.append(f"{guard.area}.toml, {guard.name}: {error}")
    assert faults == []


def test_every_guard_names_a_test_that_is_there() -> None:
    faults = []
    for guard in GUARDS:
        module, _, test = guard.test.partition("::")
        tree = ast.parse((PROJECT_ROOT / module).read_text(encoding="utf-8"))
        tests = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        if test.split("[")[0] not in tests:
            faults.append(f"{guard.area}.toml, {guard.name}: {guard.test}")
    assert faults == []


def test_the_table_names_each_guard_once() -> None:
    assert len({guard.name for guard in GUARDS}) == len(GUARDS) >= 40


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project with one guard and two tests, of which one needs it."""
    root = tmp_path / "project"
    (root / "tests").mkdir(parents=True)
    (root / "door.py").write_text("def opens(key):\n    return key == 'right'\n")
    (root / "tests" / "test_door.py").write_text(
        "from door import opens\n\n\ndef test_right():\n    assert opens('right')\n\n\n"
        "def test_wrong():\n    assert not opens('wrong')\n"
    )
    (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    return root


def guard(test: str, text: str = "key == 'right'") -> Guard:
    return Guard("door", test, "door.py", text, "True", f"tests/test_door.py::{test}")


def test_a_guard_that_no_test_misses_is_found_and_the_tree_stays_as_it_is(
    tree: Path, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    guards = [guard("test_wrong"), guard("test_right"), guard("test_right", "key is None")]
    copy, told = passing_copy(tree, guards, tmp_path)
    assert told == ""
    found = list(verdicts(copy, [*guards, guard("test_gone")], jobs=1))
    assert [verdict.outcome for verdict in found] == [KILLED, SURVIVED, BROKEN, BROKEN]
    assert "0 times" in found[2].told
    assert "test_gone" in found[3].told
    assert {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()} == before


def test_a_test_that_fails_with_its_guard_in_place_shows_nothing(
    tree: Path, tmp_path: Path
) -> None:
    (tree / "door.py").write_text("def opens(key):\n    return False\n")
    _, told = passing_copy(tree, [guard("test_right")], tmp_path)
    assert "test_right" in told
