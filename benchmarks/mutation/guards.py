"""The guards: lines of the code that refuse, hide or protect, each with the test that needs it.

They stand in the ``*.toml`` beside this file, one file per area, so that a guard is added without
touching code::

    [[guards]]
    name = "a NUL is refused"
    file = "etl/ingest/gate/source.py"
    text = 'if b"\\0" in output:'
    instead = "if False:"
    test = "tests/test_gate.py::test_refuses_with_the_exact_code[a NUL]"
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Guard:
    """One guard and what shows that it works.

    Args:
        area: The part of the warehouse it protects, the name of its table.
        name: What holds as long as it stands there.
        file: Where it stands, from the root of the project.
        text: The guard as it is written there, exactly once.
        instead: What stands there when it is disabled.
        test: Id of a test that must fail without it.
    """

    area: str
    name: str
    file: str
    text: str
    instead: str
    test: str

    def disabled(self, source: str) -> str:
        """Return the text of its file without the guard.

        Raises:
            ValueError: The guard is not there exactly once, or disabling it changes nothing.
        """
        found = source.count(self.text)
        if found != 1:
            raise ValueError(f"{self.file} has the text of the guard {found} times, not once")
        if self.instead == self.text:
            raise ValueError("what disables the guard is the guard")
        return source.replace(self.text, self.instead)


def read_guards(folder: Path = FOLDER) -> list[Guard]:
    """Return the guards of all tables, in their order."""
    return [
        Guard(area=path.stem, **entry)
        for path in sorted(folder.glob("*.toml"))
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["guards"]
    ]
